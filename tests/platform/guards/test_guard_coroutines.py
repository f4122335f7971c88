"""A guard among tasks: limits by cancelling, cancellation that is no failure, waits between tries."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from guarded import (
    NEVER_OPENS,
    QUICK,
    Failure,
    HandClock,
    Overlap,
    Switches,
    Watcher,
    guard,
)

from chaos_aura.platform.errors import BreakerOpen, DeadlinePassed, DependencyAway
from chaos_aura.platform.guards import BreakerState


def in_loop(main: Callable[[], Coroutine[object, object, None]]) -> None:
    asyncio.run(main())


def test_a_retry_that_finds_the_breaker_half_open_and_busy_is_the_last() -> None:
    """Even for who declares every exception a failure."""

    async def main() -> None:
        clock, entered, calls = HandClock(), asyncio.Event(), 0
        policy = replace(NEVER_OPENS, failures=(Exception,), open_after_failures=3, first_wait_s=0.05)
        watcher = Watcher()
        guarded = guard(policy, clock=clock, watcher=watcher)

        async def failing() -> str:
            nonlocal calls
            calls += 1
            raise Failure

        async def probing() -> str:
            entered.set()
            await asyncio.Event().wait()
            return "never"

        patient = asyncio.create_task(guarded.run(failing))
        await asyncio.sleep(0)
        for _ in range(2):
            with pytest.raises(DependencyAway):
                await guarded.run(failing, idempotent=False)
        clock.move(policy.open_s)
        probe = asyncio.create_task(guarded.run(probing))
        await entered.wait()
        with pytest.raises(BreakerOpen, match="half open"):
            await patient
        assert calls == 3
        assert watcher.seen.count("open") == 1
        probe.cancel()
        await asyncio.wait([probe])

    in_loop(main)


def test_waits_grow_and_are_drawn_at_random() -> None:
    policy = replace(NEVER_OPENS, attempts=5, first_wait_s=0.04, longest_wait_s=0.16)
    times_s: list[float] = []

    async def operation() -> str:
        times_s.append(asyncio.get_running_loop().time())
        raise Failure

    async def main() -> None:
        with pytest.raises(DependencyAway):
            await guard(policy, random=chance).run(operation)

    chance, same = Random(7), Random(7)
    asyncio.run(main())
    waits_s = [after - before for before, after in pairwise(times_s)]
    for wait_s, at_least_s in zip(waits_s, [0.02, 0.04, 0.08, 0.08], strict=True):
        assert wait_s >= at_least_s - 0.001
    for _ in times_s:
        same.random()
    assert chance.getstate() == same.getstate(), "one draw for each failure"


def test_a_try_that_hangs_is_cancelled_and_tried_again() -> None:
    ended: list[str] = []

    async def hangs_once() -> str:
        if ended:
            return "good"
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        raise AssertionError("for ever has passed")

    async def main() -> None:
        assert await guard(replace(QUICK, attempt_s=0.02)).run(hangs_once) == "good"

    in_loop(main)


def test_a_dependency_that_hangs_is_a_deadline_passed_and_opens_the_breaker() -> None:
    async def hangs() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        guarded = guard(replace(QUICK, attempt_s=0.01, attempts=5))
        with pytest.raises(DeadlinePassed, match=r"no answer within 0\.01 s \(5 tries"):
            await guarded.run(hangs)
        assert guarded.state is BreakerState.OPEN

    in_loop(main)


def test_a_try_never_outlasts_the_deadline_of_the_call() -> None:
    clock = HandClock()

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            clock.move(0.02)

    async def main() -> None:
        with pytest.raises(DeadlinePassed, match="1 try: its deadline leaves no time"):
            await guard(replace(QUICK, attempt_s=60), clock=clock).run(hangs, deadline_s=0.02)

    in_loop(main)


@pytest.mark.parametrize("switched", [True, False])
def test_a_cancelled_call_is_cancelled_and_no_failure(switched: bool) -> None:
    async def main() -> None:
        guarded = guard(flags=Switches(circuit_breakers=switched))
        calls = 0

        async def hangs() -> None:
            nonlocal calls
            calls += 1
            await asyncio.Event().wait()

        tasks = [asyncio.create_task(guarded.run(hangs)) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        assert calls == 20
        assert guarded.snapshot().consecutive_failures == 0

    in_loop(main)


def test_a_call_cancelled_while_it_waits_for_its_next_try_ends_at_once() -> None:
    async def main() -> None:
        failed = asyncio.Event()

        async def failing() -> None:
            failed.set()
            raise Failure

        patient = replace(QUICK, deadline_s=300, first_wait_s=100, longest_wait_s=100)
        task = asyncio.create_task(guard(patient).run(failing))
        await failed.wait()
        task.cancel()
        await asyncio.wait([task], timeout=20)
        assert task.cancelled()

    in_loop(main)


def test_a_cancelled_probe_leaves_room_for_the_next() -> None:
    async def main() -> None:
        clock = HandClock()
        guarded = guard(replace(QUICK, attempts=1), clock=clock)
        for _ in range(5):
            with pytest.raises(DependencyAway):
                await guarded.run(failing)
        clock.move(1)
        probe = asyncio.create_task(guarded.run(asyncio.Event().wait))
        await asyncio.sleep(0)
        with pytest.raises(BreakerOpen, match="half open"):
            await guarded.run(failing)
        probe.cancel()
        await asyncio.wait([probe])
        assert await guarded.run(good) == "good"
        assert guarded.state is BreakerState.CLOSED

    async def failing() -> str:
        raise Failure

    async def good() -> str:
        return "good"

    in_loop(main)


def test_half_open_admits_one_of_many_at_once() -> None:
    async def main() -> None:
        clock, overlap = HandClock(), Overlap()
        guarded = guard(replace(QUICK, open_after_failures=1, attempts=1), clock=clock)

        async def probing() -> str:
            with overlap.inside():
                await asyncio.sleep(0.01)
            return "good"

        async def failing() -> str:
            raise Failure

        with pytest.raises(DependencyAway):
            await guarded.run(failing)
        clock.move(1)
        ended = await asyncio.gather(*(guarded.run(probing) for _ in range(32)), return_exceptions=True)
        assert overlap.entered == 1
        assert sorted(type(each).__name__ for each in ended) == ["BreakerOpen"] * 31 + ["str"]

    in_loop(main)


def test_run_refuses_a_plain_function_loudly() -> None:
    async def main() -> None:
        with pytest.raises(TypeError):
            await guard().run(lambda: "good")

    in_loop(main)
