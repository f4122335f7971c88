import os
import signal
import subprocess
import sys
from pathlib import Path

from awaiting import wait_until

from probes.sampler.census import TICKS_A_SECOND, take_census
from probes.sampler.weight import Weight


def _used(pid: int) -> int:
    """By it and its children, in ticks."""
    census = take_census()
    return sum(census.processes[each].used for each in census.family([pid]))


def test_a_service_is_weighed_with_its_children_and_the_load_apart_from_its_controller(tmp_path: Path) -> None:
    forks = "import os, time\nif not os.fork():\n    while True: pass\ntime.sleep(600)"
    load = [sys.executable, "-c", "print(flush=True); import time; time.sleep(600)", "chaos_aura.load"]
    with (
        subprocess.Popen([sys.executable, "-c", forks], start_new_session=True) as service,
        subprocess.Popen(load, stdout=subprocess.PIPE) as tenants,
    ):
        try:
            wait_until(lambda: len(take_census().family([service.pid])) == 2, 60, "it has a child")
            assert tenants.stdout
            assert tenants.stdout.readline() == b"\n"  # it bears its name and has its memory
            weight = Weight(tmp_path, controller=os.getpid())
            assert weight.look(take_census(), {"redis": service.pid}) == {}
            began = _used(service.pid)
            wait_until(lambda: _used(service.pid) >= began + TICKS_A_SECOND // 2, 30, "it has worked for half a second")
            told = weight.look(take_census(), {"redis": service.pid, "late": service.pid})
        finally:
            os.killpg(service.pid, signal.SIGKILL)
            tenants.kill()
    assert {"redis", "sampler", "controller", "load"} == told.keys()
    assert told["redis"]["cpu"] > 0
    assert told["load"]["cpu"] < told["redis"]["cpu"]
    assert all(row["rss_mb"] > 1 for row in told.values())
