"""The first run on a stack whose start-up caches are still being made, on the same processors: what it measured would
not be the system's own.
"""

import os
from pathlib import Path

from awaiting import wait_until
from chaos_run import action, await_line, call, control, ended, experiment, started

from chaos_aura.record.timeline import read_timeline
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.supervisor.program import Program
from chaos_aura.supervision.place import TRAINING
from chaos_aura.supervision.state import ChildState

_WITHIN_S = 90
_MET = call("platform", "system", "probe", "the system", tolerance="Linux")
_HURTS = action("latency", target="worker.redis", latency_ms=30, duration=0.5)
_FEW = control(services=["redis", "toxiproxy"])


def test_it_waits_until_they_are_made_and_hurts_nothing_before(stack: RunningStack, tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    wait_until(lambda: not is_training(stack), _WITHIN_S, "the stack's own caches are made")
    until_told = ("sh", "-c", f"until [ -e {go_on} ]; do sleep 0.05; done")
    stack.supervisor.run_job(Program(TRAINING, until_told, str(tmp_path), str(tmp_path / "job.log"), is_job=True))
    try:
        wait_until(lambda: is_training(stack), _WITHIN_S, "the job runs")
        environ = {**os.environ, "CHAOS_AURA_PROJECT": str(stack.project.root)}
        run = started(tmp_path, environ, experiment([_HURTS], probes=[_MET], controls=[_FEW]))
        await_line(run, "stack: waiting until its start-up caches are made")
        timeline = (stack.project.home / "runs" / "latest").resolve() / "timeline.jsonl"
        assert not [event for event in read_timeline(timeline) if event["event"].startswith("fault.")]
    finally:
        go_on.touch()
    ran = ended(tmp_path, stack.project.home, run, _WITHIN_S)
    assert (ran.outcome, ran.code) == ("passed", 0), ran.said
    assert not is_training(stack)


def is_training(stack: RunningStack) -> bool:
    jobs = stack.jobs()
    return TRAINING in jobs and jobs[TRAINING].state is ChildState.RUNNING
