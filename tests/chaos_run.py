"""`chaos run` of an experiment, as a user types it, and all that it leaves."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

RUN_WITHIN_S = 120
CONTROL = {"name": "chaos-aura", "provider": {"type": "python", "module": "chaos_aura.toolkit.control"}}
_EXPERIMENT = "experiment.json"
_TRIES = 3
# By which a run says that the machine was too busy to decide it.
NOISE = ("noisy", "the load itself was late", "could not keep up", "nobody had looked", "nobody has looked")


def control(**arguments: Any) -> dict[str, Any]:
    return {"name": "chaos-aura", "provider": {**CONTROL["provider"], "arguments": arguments}}  # type: ignore[dict-item]


def action(name: str, background: bool = False, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "chaos_aura.toolkit.actions", "func": name, "arguments": arguments}
    return {"type": "action", "name": f"{name} {arguments}", "provider": provider, "background": background}


def shell(script: str, kind: str = "action", name: str = "shell", **more: Any) -> dict[str, Any]:
    """Something that is not ours. As a probe its output is {"status", "stdout", "stderr"}."""
    provider = {"type": "process", "path": "/bin/sh", "arguments": ["-c", script], "timeout": 60}
    return {"type": kind, "name": name, "provider": provider, **more}


def call(module: str, func: str, kind: str = "action", name: str = "", **more: Any) -> dict[str, Any]:
    arguments = more.pop("arguments", {})
    provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
    return {"type": kind, "name": name or func, "provider": provider, **more}


def hanging_look(fake: Path) -> dict[str, Any]:
    """Ends when a look at what the fake injector has hurt has begun to hang; `fake` is its folder."""
    begun = f"until [ -e {fake}/hangs ]; do sleep 0.05; done"
    script = f'mkdir -p {fake}/told; printf "hang 20" > {fake}/told/in_force; {begun}'
    return call("subprocess", "check_call", name="look", arguments={"args": ["/bin/sh", "-c", script]})


def going_on(fake: Path) -> dict[str, Any]:
    """It hangs no longer, nor does any other."""
    files = [str(fake / "told" / "in_force"), str(fake / "hangs")]
    return call("subprocess", "check_call", name="go on", arguments={"args": ["/bin/rm", *files]})


def holds(value: Any = True) -> dict[str, Any]:
    """A probe that is met."""
    return call("operator", "truth", "probe", "truth", arguments={}, tolerance=value)


def experiment(
    method: Iterable[Mapping[str, Any]],
    *,
    rollbacks: Iterable[Mapping[str, Any]] = (),
    probes: Iterable[Mapping[str, Any]] | None = None,
    controls: Iterable[Mapping[str, Any]] = (CONTROL,),
    **more: Any,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": "a test",
        "description": "a test",
        "controls": list(controls),
        "method": list(method),
        "rollbacks": list(rollbacks),
        **more,
    }
    if probes is not None:
        made["steady-state-hypothesis"] = {"title": "all is well", "probes": list(probes)}
    return made


@dataclass(frozen=True)
class Ran:
    """`result` and `timeline` of the newest run's folder; empty where there is none."""

    code: int
    said: str
    journal: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def outcome(self) -> str:
        return str(self.result.get("outcome", "no result"))

    @property
    def reasons(self) -> str:
        return "\n".join(self.result.get("reasons", ()))


def started(root: Path, environ: Mapping[str, str], document: Mapping[str, Any], *words: str) -> "Popen[str]":
    (root / _EXPERIMENT).write_text(json.dumps(document), encoding="utf-8")
    (root / "journal.json").unlink(missing_ok=True)
    return Popen(
        [*chaos("run", *words), _EXPERIMENT],
        cwd=root,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def decided(run: Callable[[], Ran], wanted: str = "passed") -> Ran:
    """Once or twice more when the machine was too busy to decide it."""
    for _ in range(_TRIES):
        ran = run()
        if ran.outcome == wanted or not any(word in ran.reasons for word in NOISE):
            break
    return ran


def await_line(process: "Popen[str]", told: str) -> None:
    assert process.stdout
    lines: list[str] = []
    while told not in "".join(lines[-1:]):
        lines.append(process.stdout.readline())
        assert lines[-1], lines


def ended(root: Path, home: Path, process: "Popen[str]", within_s: float = RUN_WITHIN_S) -> Ran:
    try:
        said, _ = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"it did not end within {within_s:g} s: {said}") from None
    latest = home / "runs" / "latest"
    folder = latest.resolve() if latest.exists() else None
    return Ran(
        process.returncode,
        said,
        _document(root / "journal.json"),
        _document(folder / "result.json") if folder else {},
        folder,
    )


def chaos(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("chaos")), "--no-version-check", *words]


def _document(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
