"""Calls side by side: no lock is held while they run, half open is bounded, older calls have no say."""

import asyncio
import threading

import pybreaker
import pytest
from awaiting import wait_until
from guarded import Failure, Overlap, in_threads
from seen_breaker import CLOSED, HALF_OPEN, OPEN, Seen

from chaos_aura.platform.guards.phases import NotAdmitted


def _all_meet(breaker: pybreaker.CircuitBreaker, threads: int, within_s: float) -> bool:
    meeting = threading.Barrier(threads)
    ended = in_threads(threads, lambda: breaker.call(meeting.wait, within_s))
    return not any(isinstance(each, Exception) for each in ended)


async def _waiting(gate: asyncio.Event, fails: bool = False) -> None:
    await gate.wait()
    if fails:
        raise Failure


async def _begun(seen: Seen, gate: asyncio.Event, fails: bool = False) -> asyncio.Task[None]:
    task = asyncio.create_task(seen.breaker.call_async(_waiting, gate, fails))
    await asyncio.sleep(0)
    return task


def test_32_threads_are_inside_at_once() -> None:
    assert _all_meet(Seen().breaker, threads=32, within_s=20)


def test_the_breaker_below_holds_its_lock_and_is_found_out() -> None:
    """Without this, the test above might pass for any breaker."""
    assert not _all_meet(pybreaker.CircuitBreaker(), threads=4, within_s=0.2)


@pytest.mark.parametrize("probes", [1, 2])
def test_half_open_admits_no_more_than_its_probes_under_32_threads(probes: int) -> None:
    seen = Seen(probes=probes, close_after_successes=1).due()
    overlap, enough, start = Overlap(), threading.Event(), threading.Barrier(32)

    def probing() -> str:
        with overlap.inside():
            assert enough.wait(20)
        return "good"

    def call() -> str:
        start.wait(20)
        return seen.breaker.call(probing)

    ended: list[object] = []
    crowd = threading.Thread(target=lambda: ended.extend(in_threads(32, call)), daemon=True)
    crowd.start()
    wait_until(lambda: overlap.now == probes, 20, "the probes are inside")
    enough.set()
    crowd.join(30)
    # A thread that comes once a probe has succeeded finds it closed; before, none may be admitted.
    assert ended.count("good") == overlap.entered
    refused = [each for each in ended if isinstance(each, NotAdmitted)]
    assert len(refused) + overlap.entered == 32
    assert seen.states == [OPEN, HALF_OPEN, CLOSED]


def test_half_open_refuses_everybody_while_its_probe_is_under_way() -> None:
    seen = Seen().due()
    entered, go_on = threading.Event(), threading.Event()

    def probing() -> None:
        entered.set()
        assert go_on.wait(20)

    probe = threading.Thread(target=lambda: seen.breaker.call(probing), daemon=True)
    probe.start()
    assert entered.wait(20)
    refused = in_threads(32, lambda: seen.breaker.call(lambda: "was called"))
    assert [type(each) for each in refused] == [NotAdmitted] * 32
    assert {each.retry_after_s for each in refused} == {seen.policy.open_s}
    go_on.set()
    probe.join(20)
    assert seen.breaker.reading is CLOSED


def test_half_open_is_bounded_under_gather() -> None:
    async def main() -> None:
        seen = Seen(probes=2).due()
        overlap = Overlap()

        async def probing() -> None:
            with overlap.inside():
                await asyncio.sleep(0.02)

        ended = await asyncio.gather(*(seen.breaker.call_async(probing) for _ in range(32)), return_exceptions=True)
        assert overlap.entered == overlap.most == 2
        assert [type(each) for each in ended].count(NotAdmitted) == 30
        assert seen.breaker.reading is CLOSED

    asyncio.run(main())


def test_a_coroutine_that_fails_is_counted() -> None:
    async def failing() -> None:
        await asyncio.sleep(0)
        raise Failure

    async def main() -> None:
        seen = Seen()
        for _ in range(5):
            with pytest.raises(Failure):
                await seen.breaker.call_async(failing)
        assert seen.breaker.reading is OPEN

    asyncio.run(main())


@pytest.mark.parametrize("fails", [True, False])
def test_how_a_call_of_before_ends_changes_nothing(fails: bool) -> None:
    async def main() -> None:
        seen, gate, probe_gate = Seen(close_after_successes=1), asyncio.Event(), asyncio.Event()
        old = await _begun(seen, gate, fails)
        seen.due()
        probe = await _begun(seen, probe_gate)
        assert seen.breaker.reading is HALF_OPEN
        gate.set()
        await asyncio.wait([old])
        assert seen.breaker.reading is HALF_OPEN, "what an older call met says nothing about now"
        seen.refused()
        probe_gate.set()
        await probe
        assert seen.breaker.reading is CLOSED
        assert isinstance(old.exception(), Failure) == fails

    asyncio.run(main())


def test_a_cancelled_probe_is_no_failure_and_frees_its_place() -> None:
    async def main() -> None:
        seen = Seen().due()
        probe = await _begun(seen, asyncio.Event())
        seen.refused()
        probe.cancel()
        await asyncio.wait([probe])
        assert probe.cancelled()
        assert seen.breaker.reading is HALF_OPEN
        seen.succeed()
        assert seen.breaker.reading is CLOSED

    asyncio.run(main())


def test_cancelled_calls_are_no_failures() -> None:
    async def main() -> None:
        seen = Seen()
        for _ in range(20):
            call = await _begun(seen, asyncio.Event())
            call.cancel()
            await asyncio.wait([call])
        assert seen.breaker.fail_counter == 0
        assert seen.breaker.reading is CLOSED

    asyncio.run(main())


def test_a_probe_that_never_returns_does_not_block_for_ever() -> None:
    async def main() -> None:
        seen, gate = Seen().due(), asyncio.Event()
        stuck = await _begun(seen, gate, fails=True)
        seen.clock.move(seen.policy.attempt_s + seen.policy.open_s)
        seen.refused()
        seen.clock.move(0.01)
        fresh_gate = asyncio.Event()
        fresh = await _begun(seen, fresh_gate)
        seen.refused()
        gate.set()
        await asyncio.wait([stuck])
        assert seen.breaker.reading is HALF_OPEN, "the stuck one has lost its say"
        seen.refused()
        fresh_gate.set()
        await fresh
        assert seen.states == [OPEN, HALF_OPEN, CLOSED]

    asyncio.run(main())


def test_a_probe_is_not_stuck_because_half_open_has_lasted_long() -> None:
    async def main() -> None:
        seen, gate = Seen(close_after_successes=2).due(), asyncio.Event()
        seen.succeed()
        seen.clock.move(60)
        probe = await _begun(seen, gate)
        seen.refused()
        gate.set()
        await probe
        assert seen.breaker.reading is CLOSED

    asyncio.run(main())
