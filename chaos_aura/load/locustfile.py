"""The load as Locust knows it: our own process runs it, and so does Locust's own command:

    locust -f chaos_aura/load/locustfile.py --host http://127.0.0.1:21033 --rate 5 --lasts 60        with its web page
    locust -f ... --headless --load-folder RUN_FOLDER             what load.json of that folder says, instead of options
    locust -f ... --master --expect-workers 2; locust -f ... --worker       arrivals are dealt out among the workers

Each process has one user, who does nothing but begin arrivals when they are due. Each worker writes a history of its
own into its folder, and `read_history` merges them.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from gevent.event import AsyncResult  # type: ignore[import-untyped]
from locust import LoadTestShape, User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopTest, StopUser
from locust.rpc.protocol import Message
from locust.runners import MasterRunner, WorkerRunner

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.operation import ALLOCATE, CANARY, RELEASE
from chaos_aura.load.driver import Driver
from chaos_aura.load.options import add_options, folder_of, plan_of
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.share import Share
from chaos_aura.load.state import Doing
from chaos_aura.load.story import Told

BEGINS_IN_S = 0.05
_WORKERS_BEGIN_IN_S = 2.0  # until each has asked for the inventory
_SHARE = "chaos-aura-share"
_SHARE_WITHIN_S = 10.0
_LONGER_THAN_A_DRAIN_S = 5.0
_METHODS = {ALLOCATE: "POST", RELEASE: "DELETE", CANARY: "GET"}

# What the user of a process is to drive, once it is known.
_drivers: "WeakKeyDictionary[Environment, AsyncResult[Driver]]" = WeakKeyDictionary()


def driver_of(environment: Environment) -> "AsyncResult[Driver]":
    return _drivers.setdefault(environment, AsyncResult())


def told_to(environment: Environment) -> Told:
    """Locust's own figures count from when a try was meant to begin, too."""
    fire: Callable[..., None] = environment.events.request.fire

    def tell(what: str, latency_s: float, why: str) -> None:
        fire(
            request_type=_METHODS[what],
            name=what,
            response_time=latency_s * 1000,
            response_length=0,
            exception=why or None,
            context={},
        )

    return tell


class LoadUser(User):
    """The only one of its process. What tenants do lies in `story`."""

    @task
    def drive(self) -> None:
        state = driver_of(self.environment).get(timeout=_SHARE_WITHIN_S).run()
        if state.state is Doing.FAILED:
            raise _stopped(self.environment, state.why)
        raise StopUser

    def stop(self, force: bool = False) -> bool:
        """Never at once: it gives back what it holds, within the runner's time to stop."""
        driver = driver_of(self.environment)
        if not driver.ready():
            return bool(super().stop(force=True))
        driver.get().stop()
        return bool(super().stop(force=force))


class Course(LoadTestShape):
    """One user in each process, from the beginning of the plan to its end."""

    processes = 0
    seen = 0  # of their users, at once
    lasts_s = float("inf")
    drains_s = 0.0

    def reset_time(self) -> None:
        self.start_time = time.perf_counter()
        self.processes = self.seen = 0

    def tick(self) -> tuple[int, float] | None:
        runner = self.runner
        assert runner is not None
        over_s = time.perf_counter() - self.start_time - self.lasts_s
        self.seen = max(self.seen, runner.user_count)
        # Of workers on a busy machine some may begin only when the load should be over.
        have_begun = self.seen >= self.processes or not isinstance(runner, MasterRunner)
        if over_s > self.drains_s or (over_s > 0 and have_begun and not runner.user_count):
            return None
        if not self.processes:
            self.processes = max(1, runner.worker_count) if isinstance(runner, MasterRunner) else 1
        return self.processes, 100.0


def _add_options(parser: LocustArgumentParser) -> None:
    add_options(parser)


def _prepare(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message(_SHARE, _take_share)


def _begin(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        return
    try:
        folder = folder_of(environment)
        plan = plan_of(environment, folder)
    except ChaosAuraError as cause:
        raise _stopped(environment, str(cause)) from cause
    environment.stop_timeout = plan.drain_s + _LONGER_THAN_A_DRAIN_S
    if isinstance(environment.shape_class, Course):
        environment.shape_class.lasts_s = plan.lasts_s + _WORKERS_BEGIN_IN_S
        environment.shape_class.drains_s = plan.drain_s + _LONGER_THAN_A_DRAIN_S
    if isinstance(runner, MasterRunner):
        _deal_out(runner, plan)
    else:
        driver_of(environment).set(Driver(plan, folder, lambda: Share.alone(BEGINS_IN_S), told_to(environment)))


def _stopped(environment: Environment, why: str) -> StopTest:
    """Locust's own command then ends with a failure, too."""
    environment.process_exit_code = 1
    return StopTest(why)


def _forget(environment: Environment, **_: Any) -> None:
    _drivers.pop(environment, None)


def _deal_out(master: MasterRunner, plan: LoadPlan) -> None:
    clients = master.clients.ready + master.clients.running + master.clients.spawning
    began = Share.alone(_WORKERS_BEGIN_IN_S)
    for index, client in enumerate(clients):
        share = began.dealt(index, len(clients))
        master.send_message(_SHARE, {"plan": plan.to_dict(), "share": share.to_dict()}, client.id)


def _take_share(environment: Environment, msg: Message, **_: Any) -> None:
    plan, share = LoadPlan.from_dict(msg.data["plan"]), Share.from_dict(msg.data["share"])
    folder: Path = folder_of(environment)
    driver_of(environment).set(Driver(plan, folder, lambda: share, told_to(environment)))


_HEARD: dict[Any, Callable[..., None]] = {
    events.init_command_line_parser: _add_options,
    events.init: _prepare,
    events.test_start: _begin,
    events.test_stop: _forget,
}
for _hook, _hear in _HEARD.items():
    _hook.add_listener(_hear)
