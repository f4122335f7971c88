"""A verb in an experiment on the running stack: what it says is seen at Toxiproxy itself, while it runs and after."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import proxies
from awaiting import wait_until

from chaos_aura.stack.running import RunningStack

_EDGE, _LATENCY_MS, _LASTS_S = "worker.redis", 30, 2
_RUN_WITHIN_S = 90


def action(name: str, background: bool = False, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "chaos_aura.toolkit.actions", "func": name, "arguments": arguments}
    return {"type": "action", "name": name, "provider": provider, "background": background}


def run(stack: RunningStack, experiment: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("chaos")), "--no-version-check", "run", str(experiment)],
        cwd=experiment.parent,
        env={**os.environ, "CHAOS_AURA_PROJECT": str(stack.project.root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def toxics(stack: RunningStack) -> list[dict[str, Any]]:
    return list(proxies.proxies(stack)[_EDGE]["toxics"])


def test_in_the_background_for_its_duration_it_is_in_force_and_gone_afterwards(
    stack: RunningStack, tmp_path: Path
) -> None:
    experiment = {
        "title": "a slow cache",
        "description": "For a moment, while the method goes on.",
        "method": [action("latency", background=True, target=_EDGE, latency_ms=_LATENCY_MS, duration=_LASTS_S)],
        "rollbacks": [action("heal_all")],
        "runtime": {"rollbacks": {"strategy": "always"}},
    }
    (tmp_path / "experiment.json").write_text(json.dumps(experiment))
    assert toxics(stack) == []
    with run(stack, tmp_path / "experiment.json") as running:
        [toxic] = wait_until(lambda: toxics(stack), _RUN_WITHIN_S, "a toxic on the edge")
        assert running.poll() is None
        assert (toxic["type"], toxic["attributes"]["latency"]) == ("latency", _LATENCY_MS)
        said, _ = running.communicate(timeout=_RUN_WITHIN_S)
    assert toxics(stack) == []
    assert running.returncode == 0, said
    journal = json.loads((tmp_path / "journal.json").read_text())
    [held], [rollback] = journal["run"], journal["rollbacks"]
    assert held["status"] == "succeeded", held
    assert held["output"]["injector"] == "toxiproxy"
    assert held["output"]["held_s"] >= _LASTS_S
    assert (held["output"]["ended_by"], rollback["output"]) == ("", []), "it was its duration that ended it"
