"""What our control adds to a bare `chaos run`: no load, no fault, the stack up. Goal: at most 100 ms.

The same experiment, one probe and a hypothesis, with the control and without it, in turn; each whole `chaos run` is
timed from its start to its end, and the medians are compared. With BENCH_RUNS=40 it is more exact. Python may keep
what it has compiled, as it may for most users: where it may not, every run compiles all of our modules anew.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from local_stack import placed

_RUNS = int(os.environ.get("BENCH_RUNS", "15"))
_GOAL_MS = 100.0
_WITHIN_S = 60
_MS = 1000.0
_PROBE = {
    "type": "probe",
    "name": "the system",
    "provider": {"type": "python", "module": "platform", "func": "system", "arguments": {}},
    "tolerance": "Linux",
}
_CONTROL = {"name": "chaos-aura", "provider": {"type": "python", "module": "chaos_aura.toolkit.control"}}


def experiment(controls: list[dict[str, Any]]) -> str:
    made = {
        "title": "nothing is hurt",
        "description": "One probe.",
        "controls": controls,
        "steady-state-hypothesis": {"title": "it is Linux", "probes": [_PROBE]},
        "method": [{**_PROBE, "name": "again"}],
    }
    return json.dumps(made)


def run_ms(folder: Path, environ: dict[str, str], name: str) -> float:
    chaos = str(Path(sys.executable).with_name("chaos"))
    began_s = time.monotonic()
    done = subprocess.run(
        [chaos, "--no-version-check", "run", name],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    took_ms = (time.monotonic() - began_s) * _MS
    if done.returncode != 0:
        raise SystemExit(f"{name} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return took_ms


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, placed(Path(folder)) as stack:
        stack.up()
        (stack.project.root / "bare.json").write_text(experiment([]))
        (stack.project.root / "ours.json").write_text(experiment([_CONTROL]))
        environ = {name: value for name, value in stack.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        took_ms: dict[str, list[float]] = {"bare.json": [], "ours.json": []}
        for _ in range(2):  # the first of each fills the system's caches
            for name in took_ms:
                run_ms(stack.project.root, environ, name)
        for _ in range(_RUNS):
            for name, times in took_ms.items():
                times.append(run_ms(stack.project.root, environ, name))
    bare_ms, ours_ms = (statistics.median(times) for times in took_ms.values())
    added_ms = ours_ms - bare_ms
    differences = sorted(ours - bare for bare, ours in zip(*took_ms.values(), strict=True))
    is_missed = added_ms > _GOAL_MS
    print(f"chaos run of one probe, {_RUNS} times each in turn")
    print(f"  bare                    {bare_ms:7.1f} ms")
    print(f"  with our control        {ours_ms:7.1f} ms   {ours_ms / bare_ms:.2f} times")
    spread = f"{differences[0]:.0f} to {differences[-1]:.0f} ms in pairs"
    print(f"  added                   {added_ms:7.1f} ms   ({spread}; goal: at most {_GOAL_MS:g} ms)")
    print("missed" if is_missed else "met")
    return 1 if is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
