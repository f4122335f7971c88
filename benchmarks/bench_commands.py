"""What the commands cost: CPU time of the help, beside a Python that does nothing; `status` beside its five pings."""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from local_stack import chaos_aura, placed

from chaos_aura.pings import of_service

_TIMES = 15
_HELP_GOAL_MS = 150


def main() -> None:
    bare_ms = _median_ms(lambda: _cpu_s([sys.executable, "-c", "pass"]))
    help_ms = _median_ms(lambda: _cpu_s(chaos_aura("--help")))
    print(f"CPU of chaos-aura --help {help_ms:4.0f} ms (goal: {_HELP_GOAL_MS}), {help_ms / bare_ms:.1f} x bare Python")
    with tempfile.TemporaryDirectory(prefix="chaos-aura-bench-") as folder, placed(Path(folder)) as stack:
        stack.up()
        catalogue = stack.running().catalogue
        for service in catalogue.services:
            ping_ms = _median_ms(lambda name=service.name: _wall_s(lambda: of_service.ping(catalogue, name, 5)))
            print(f"one ping of {service.name:12} {ping_ms:6.2f} ms")
        status_ms = _median_ms(lambda: _wall_s(lambda: stack.command("status")))
        again_ms = _median_ms(lambda: _wall_s(lambda: stack.command("up")))
        print(f"chaos-aura status        {status_ms:6.0f} ms; up when it is up {again_ms:.0f} ms")
        _watch(lambda: [of_service.ping(catalogue, service.name, 5) for service in catalogue.services])


def _watch(look: Callable[[], object]) -> None:
    """Once a second, as a watcher would."""
    seconds = 20
    began = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(seconds):
        look()
        time.sleep(1)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    used_s = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    print(f"watching at 1 Hz: {used_s / seconds:.2%} of a core, {ended.ru_maxrss / 1024:.0f} MB (goal: 2 %, 100 MB)")


def _median_ms(measure: Callable[[], float]) -> float:
    return 1000 * statistics.median(measure() for _ in range(_TIMES))


def _cpu_s(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _wall_s(action: Callable[[], object]) -> float:
    began_s = time.monotonic()
    action()
    return time.monotonic() - began_s


if __name__ == "__main__":
    main()
