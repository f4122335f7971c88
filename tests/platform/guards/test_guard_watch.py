"""Tries end when their time is up, by cancelling; a cancellation from elsewhere stays one."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from virtual_time import run_virtually

from chaos_aura.platform.guards.watch import TriedTooLong, Watch


class CountingLoop(asyncio.SelectorEventLoop):
    """How many timers were made."""

    timers = 0

    def call_at(self, *args: object, **kwargs: object) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(*args, **kwargs)


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _limited[T](operation: Callable[[], Awaitable[T]], seconds: float) -> T:
    return await Watch(asyncio.get_running_loop()).limited(operation, seconds)


def _cancels() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


def test_a_try_is_cancelled_when_its_time_is_up() -> None:
    async def main() -> None:
        with pytest.raises(TriedTooLong, match=r"no answer within 0\.01 s") as late:
            await _limited(_for_ever, 0.01)
        assert isinstance(late.value.__cause__, asyncio.CancelledError)
        assert _cancels() == 0, "the task would be taken for cancelled"

    asyncio.run(main())


def test_a_result_in_time_passes() -> None:
    async def quick() -> str:
        await asyncio.sleep(0)
        return "good"

    assert asyncio.run(_limited(quick, 20)) == "good"


def test_an_error_in_time_passes() -> None:
    async def wrong() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(_limited(wrong, 20))


def test_a_cancellation_from_elsewhere_stays_one() -> None:
    async def main() -> None:
        task = asyncio.create_task(_limited(_for_ever, 20))
        await asyncio.sleep(0)
        task.cancel("from elsewhere")
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(main())


def test_a_cancellation_from_elsewhere_at_the_same_moment_wins() -> None:
    async def main() -> None:
        async def slow_to_leave() -> None:
            try:
                await _for_ever()
            finally:
                task.cancel("from elsewhere")

        task = asyncio.create_task(_limited(slow_to_leave, 0.01))
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(main())


def test_a_client_that_makes_its_own_error_of_a_cancellation_is_late_all_the_same() -> None:
    async def translating() -> None:
        try:
            await _for_ever()
        except asyncio.CancelledError as cause:
            raise ConnectionError("closed while waiting") from cause

    with pytest.raises(TriedTooLong) as late:
        asyncio.run(_limited(translating, 0.01))
    assert isinstance(late.value.__cause__, ConnectionError)


def test_a_result_that_comes_after_all_is_taken() -> None:
    async def main() -> None:
        async def stubborn() -> str:
            try:
                await _for_ever()
            except asyncio.CancelledError:
                return "good"
            raise AssertionError("for ever has passed")

        assert await _limited(stubborn, 0.01) == "good"
        assert _cancels() == 0

    asyncio.run(main())


def test_an_outer_timeout_is_the_outer_one() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await _limited(_for_ever, 20)

    asyncio.run(main())


def test_each_try_has_its_own_time() -> None:
    """The shortest is added late; each has to end by its own. By a clock that jumps: a machine that stands still for a
    moment would end several at once."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        watch = Watch(loop)
        ended_s: dict[float, float] = {}

        async def one(seconds: float) -> None:
            with pytest.raises(TriedTooLong):
                await watch.limited(_for_ever, seconds)
            ended_s[seconds] = loop.time()

        limits_s = [0.4, 0.1, 0.3, 0.2]
        await asyncio.gather(*(one(seconds) for seconds in limits_s))
        assert ended_s == pytest.approx({seconds: seconds for seconds in limits_s})
        assert list(ended_s) == sorted(limits_s)

    run_virtually(main())


def test_one_timer_serves_a_thousand_tries_and_still_ends_the_last() -> None:
    async def quick() -> None: ...

    async def main() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CountingLoop)
        watch = Watch(loop)
        for _ in range(1000):
            await watch.limited(quick, 0.05)
        with pytest.raises(TriedTooLong):
            await watch.limited(_for_ever, 0.05)
        return loop.timers

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        assert runner.run(main()) < 20
