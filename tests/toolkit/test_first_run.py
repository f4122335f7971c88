"""The first run on a stack whose start-up caches are still being made, on the same processors: what it measured would
not be the system's own.
"""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from chaos_run import action, await_line, call, control, ended, experiment, started

from chaos_aura.record.timeline import read_timeline
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.supervisor.program import Program
from chaos_aura.supervision.place import TRAINING
from chaos_aura.supervision.state import ChildState

_WITHIN_S = 90
_TRAINED_WITHIN_S = 200
_LOOKED_ON_S = 2.0  # a run that does not wait is over by then
_MET = call("platform", "system", "probe", "the system", tolerance="Linux")
_HURTS = action("latency", target="worker.redis", latency_ms=30, duration=0.5)
_FEW = control(services=["redis", "toxiproxy"])


@pytest.mark.timeout(500)
def test_it_waits_until_they_are_made_and_hurts_nothing_before(stack: RunningStack, tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    wait_until(lambda: not is_training(stack), _TRAINED_WITHIN_S, "the stack's own caches are made")
    until_told = ("sh", "-c", f"until [ -e {go_on} ]; do sleep 0.05; done")
    stack.supervisor.run_job(Program(TRAINING, until_told, str(tmp_path), str(tmp_path / "job.log"), is_job=True))
    environ = {**os.environ, "CHAOS_AURA_PROJECT": str(stack.project.root)}
    try:
        wait_until(lambda: is_training(stack), _WITHIN_S, "the job runs")
        run = started(tmp_path, environ, experiment([_HURTS], probes=[_MET], controls=[_FEW]))
        try:
            await_line(run, "stack: waiting until its start-up caches are made")
            with pytest.raises(subprocess.TimeoutExpired):
                run.wait(_LOOKED_ON_S)
            made_ns = time.monotonic_ns()
            go_on.touch()
            ran = ended(tmp_path, stack.project.home, run, _WITHIN_S)
        finally:
            run.kill()
            run.communicate()
    finally:
        go_on.touch()
    assert (ran.outcome, ran.code) == ("passed", 0), ran.said
    assert ran.folder
    hurt_ns = [event["monotonic_ns"] for event in read_timeline(ran.folder / "timeline.jsonl") if is_of_fault(event)]
    assert min(hurt_ns) > made_ns


def is_of_fault(event: dict[str, Any]) -> bool:
    return str(event["event"]).startswith("fault.")


def is_training(stack: RunningStack) -> bool:
    jobs = stack.jobs()
    return TRAINING in jobs and jobs[TRAINING].state is ChildState.RUNNING
