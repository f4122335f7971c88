"""What the tests of the guards share: a clock moved by hand, a dependency that fails, a place where calls meet."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import pytest

from chaos_aura.platform.flags import Flags
from chaos_aura.platform.guards import Guard, Policy


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def move(self, seconds: float) -> None:
        self.now_s += seconds


class Failure(Exception):
    """Declared in the tests' policies."""


class Answer(Exception):
    """Not declared: what a dependency says when it is well."""


class Overlap:
    """Counts how many are inside at once. Judged by counting, because times on a busy machine prove nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = 0
        self.most = 0
        self.entered = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._lock:
            self.now += 1
            self.entered += 1
            self.most = max(self.most, self.now)
        try:
            yield
        finally:
            with self._lock:
                self.now -= 1


def in_threads(count: int, work: Callable[[], object], within_s: float = 30.0) -> list[object]:
    """What each thread's `work()` gave or raised."""
    ended: list[object] = []

    def one() -> None:
        try:
            ended.append(work())
        except Exception as cause:  # noqa: BLE001 - handed to the test
            ended.append(cause)

    threads = [threading.Thread(target=one, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(within_s)
        assert not thread.is_alive(), "a thread hangs"
    return ended


# In a hurry only between tries: no test that is about something else meets a limit because the machine stood still.
QUICK = Policy(failures=(Failure,), first_wait_s=0.001, longest_wait_s=0.002, deadline_s=60, attempt_s=60)
NEVER_OPENS = replace(QUICK, open_after_failures=10**6, open_at_rate_failures=10**6)
ALWAYS = 10**9


class Switches:
    """Flags that a test throws while calls run."""

    def __init__(self, **flags: bool) -> None:
        self.flags = Flags(**flags)

    def __call__(self) -> Flags:
        return self.flags

    def throw(self, **flags: bool) -> None:
        self.flags = replace(self.flags, **flags)


class Dependency:
    """Fails the first few times, or always."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or Failure("away")
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "good"


class Watcher:
    """Keeps the outcomes."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def tried(self, dependency: str, outcome: str, seconds: float) -> None:
        assert dependency == "neo4j"
        assert seconds >= 0
        self.seen.append(outcome)

    def retried(self, dependency: str) -> None:
        self.seen.append(f"again {dependency}")


def guard(policy: Policy = QUICK, **told: object) -> Guard:
    return Guard("neo4j", policy=policy, **{"flags": Flags, "random": Random(1), **told})


def run_in_loop(guarded: Guard, operation: Callable[[], str], *args: object, **kwargs: object) -> str:
    async def asynchronous() -> str:
        await asyncio.sleep(0)
        return operation()

    async def main() -> str:
        return await guarded.run(asynchronous, *args, **kwargs)

    return asyncio.run(main())


def run_in_thread(guarded: Guard, operation: Callable[[], str], *args: object, **kwargs: object) -> str:
    return guarded.run_sync(operation, *args, **kwargs)


type Run = Callable[..., str]
both_ways = pytest.mark.parametrize("run", [run_in_loop, run_in_thread], ids=["run", "run_sync"])
