"""A verb in an experiment on the running stack: what it says is seen at Toxiproxy itself, while it runs and after."""

import os
import time
from pathlib import Path
from typing import Any

import proxies
from awaiting import wait_until
from chaos_run import action, call, control, ended, experiment, started

from chaos_aura.record.timeline import read_timeline
from chaos_aura.stack.running import RunningStack

_EDGE, _LATENCY_MS, _LASTS_S = "worker.redis", 30, 2
_RUN_WITHIN_S = 90
_MET = call("platform", "system", "probe", "the system", tolerance="Linux")


def toxics(stack: RunningStack) -> list[dict[str, Any]]:
    return list(proxies.proxies(stack)[_EDGE]["toxics"])


def seen(stack: RunningStack) -> tuple[int, list[dict[str, Any]]] | None:
    """With when it was asked for, at the latest."""
    asked_ns = time.monotonic_ns()
    found = toxics(stack)
    return (asked_ns, found) if found else None


def test_in_the_background_for_its_duration_it_is_in_force_and_gone_afterwards(
    stack: RunningStack, tmp_path: Path
) -> None:
    slow = action("latency", background=True, target=_EDGE, latency_ms=_LATENCY_MS, duration=_LASTS_S)
    document = experiment(
        [slow], probes=[_MET], rollbacks=[action("heal_all")], controls=[control(services=["redis", "toxiproxy"])]
    )
    environ = {**os.environ, "CHAOS_AURA_PROJECT": str(stack.project.root)}
    assert toxics(stack) == []
    running = started(tmp_path, environ, document)
    seen_ns, [toxic] = wait_until(lambda: seen(stack), _RUN_WITHIN_S, "a toxic on the edge")
    assert (toxic["type"], toxic["attributes"]["latency"]) == ("latency", _LATENCY_MS)
    ran = ended(tmp_path, stack.project.home, running, _RUN_WITHIN_S)
    assert toxics(stack) == []
    assert (ran.outcome, ran.code) == ("passed", 0), ran.said
    assert ran.folder
    told = read_timeline(ran.folder / "timeline.jsonl")
    [healed_ns] = [event["monotonic_ns"] for event in told if event["event"] == "fault.healed"]
    assert seen_ns < healed_ns, "while it ran"
    [held], [rollback] = ran.journal["run"], ran.journal["rollbacks"]
    assert held["status"] == "succeeded", held
    assert held["output"]["injector"] == "toxiproxy"
    assert held["output"]["held_s"] >= _LASTS_S
    assert (held["output"]["ended_by"], rollback["output"]) == ("", []), "it was its duration that ended it"
