"""`python -P -m chaos_aura.load RUN_FOLDER`: carries out the plan in its load.json.

The line `stop` on the input, its end, SIGTERM and SIGINT all mean: no new arrivals, give everything back, end. When
whoever started it dies, that has to be quick.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import gevent  # type: ignore[import-untyped]
from gevent.socket import wait_read  # type: ignore[import-untyped]
from locust.env import Environment

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.load.driver import Driver
from chaos_aura.load.locustfile import BEGINS_IN_S, LoadUser, driver_of, told_to
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.share import Share
from chaos_aura.load.state import STATE, Doing, LoadState

_ORPHAN_DRAINS_S = 8.0
_AFTER_A_DRAIN_S = 10.0  # a busy machine may hold it up for seconds, which is no reason to die
_LOOKS_EVERY_S = 0.5
_INPUT = 0


def main() -> int:
    folder = Path(sys.argv[1])
    try:
        plan = LoadPlan.read(folder)
    except ChaosAuraError as cause:
        LoadState(Doing.FAILED, why=str(cause)).write(folder / STATE)
        sys.stderr.write(f"{cause}\n")
        return cause.exit_code
    environment = Environment(user_classes=[LoadUser])
    driver = Driver(plan, folder, lambda: Share.alone(BEGINS_IN_S), told_to(environment))
    _obey(plan, driver)
    runner = environment.create_local_runner()
    driver_of(environment).set(driver)
    runner.start(1, spawn_rate=1)
    state = driver.wait()
    if state.why:
        sys.stderr.write(f"{state.why}\n")
    return 0 if state.state is Doing.ENDED else 1


def _obey(plan: LoadPlan, driver: Driver) -> None:
    def stop(drain_s: float = plan.drain_s) -> None:
        # Whatever hangs: the system's own alarm ends it.
        signal.setitimer(signal.ITIMER_REAL, min(drain_s, plan.drain_s) + _AFTER_A_DRAIN_S)
        driver.stop(drain_s)

    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop)
    gevent.spawn(_listen, stop)
    gevent.spawn(_look_for_parent, os.getppid(), stop)


def _listen(stop: Callable[..., None]) -> None:
    while True:
        wait_read(_INPUT)
        told = os.read(_INPUT, 4096)
        if not told:
            stop(_ORPHAN_DRAINS_S)
            return
        if b"stop" in told.split(b"\n"):
            stop()


def _look_for_parent(parent: int, stop: Callable[..., None]) -> None:
    """Its end of the input may have been inherited by somebody who lives on."""
    while os.getppid() == parent:
        gevent.sleep(_LOOKS_EVERY_S)
    stop(_ORPHAN_DRAINS_S)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # nothing of Locust's is to be waited for
