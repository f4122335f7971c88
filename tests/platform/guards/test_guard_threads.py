"""A guard among threads, before a real server, and what it refuses."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from awaiting import wait_until
from guarded import (
    NEVER_OPENS,
    QUICK,
    Failure,
    HandClock,
    Overlap,
    Switches,
    guard,
    in_threads,
)

from chaos_aura.platform.errors import BreakerOpen, DeadlinePassed, DependencyAway
from chaos_aura.platform.guards import BreakerChange, BreakerState, Guard, Policy
from chaos_aura.platform.guards.breaker import NotRunYet


def _away(guarded: Guard, operation: Callable[[], str]) -> None:
    with pytest.raises(DependencyAway):
        guarded.run_sync(operation)


def test_32_threads_together_stay_within_the_budget() -> None:
    guarded, dependency = guard(NEVER_OPENS, clock=HandClock()), Overlap()

    def failing() -> str:
        with dependency.inside():
            raise Failure

    ended = in_threads(32, lambda: [_away(guarded, failing) for _ in range(10)])
    assert len(ended) == 32
    assert dependency.entered - 320 in (73, 74), "10 to begin with, and a fifth of 320 calls"


def test_32_threads_are_inside_one_guard_at_once() -> None:
    meeting = threading.Barrier(32)
    guarded = guard()
    ended = in_threads(32, lambda: guarded.run_sync(lambda: meeting.wait(20)))
    assert sorted(ended) == list(range(32))


def test_one_guard_serves_several_event_loops_at_once() -> None:
    guarded = guard(replace(QUICK, attempt_s=0.05, attempts=2, open_after_failures=1000))

    async def hangs() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        with pytest.raises(DeadlinePassed, match="2 tries"):
            await guarded.run(hangs)

    assert in_threads(6, lambda: asyncio.run(main())) == [None] * 6


@pytest.mark.parametrize("breakers", [True, False])
@pytest.mark.parametrize("failures", [(Failure,), (Exception,)])
def test_run_sync_refuses_a_coroutine_loudly(breakers: bool, failures: tuple[type[Exception], ...]) -> None:
    async def coroutine() -> str:
        return "good"

    guarded = guard(replace(QUICK, failures=failures), flags=Switches(circuit_breakers=breakers))
    with pytest.raises(NotRunYet, match=r"coroutine gave coroutine, which has not run yet: await Guard\.run"):
        guarded.run_sync(coroutine)


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"probes": 0}, {"deadline_s": 0}, {"open_s": -1}, {"failures": ()}])
def test_a_policy_that_can_never_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="policy: "):
        Policy(**wrong)


def test_a_real_server_goes_away_and_comes_back() -> None:
    policy = Policy(open_s=0.05, first_wait_s=0.005, attempts=3, deadline_s=60)
    changes: list[BreakerChange] = []
    guarded = guard(policy, notice=changes.append)
    with _kept_port() as port:

        def connect() -> str:
            socket.create_connection(("127.0.0.1", port), timeout=20).close()
            return "good"

        with socket.create_server(("127.0.0.1", port)):
            assert guarded.run_sync(connect) == "good"
        with pytest.raises(DependencyAway) as away:
            guarded.run_sync(connect)
        assert isinstance(away.value.__cause__, ConnectionRefusedError)
        with pytest.raises(DependencyAway):
            guarded.run_sync(connect)
        assert guarded.state is BreakerState.OPEN

        def is_well() -> bool:
            with suppress(DependencyAway, BreakerOpen):
                return guarded.run_sync(connect) == "good"
            return False

        with socket.create_server(("127.0.0.1", port)):
            wait_until(is_well, 20, "the server answers through the guard")
    assert [change.after for change in changes[-2:]] == [BreakerState.HALF_OPEN, BreakerState.CLOSED]


@contextmanager
def _kept_port() -> Iterator[int]:
    """Where only this test listens: between two servers nobody else may come there."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]
