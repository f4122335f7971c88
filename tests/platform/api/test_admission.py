"""Who is let in, who waits, who is sent away; and that no place is ever lost."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_time import run_virtually

from chaos_aura.platform.api.admission import Admission, Lane, Limits, Overloaded
from chaos_aura.platform.errors import DeadlinePassed, DependencyAway, Refused

LIMITS = Limits(in_flight=2, queue=3, wait_s=0.5)


def lane(limits: Limits = LIMITS) -> Lane:
    return Lane("allocations", limits)


async def hold(one: Lane, seconds: float) -> float:
    """When it was let in, by the loop's clock."""
    async with one.place():
        at_s = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        return at_s


def test_so_many_are_let_in_at_once_and_the_rest_waits_its_turn() -> None:
    async def five_come() -> list[float]:
        one = lane()
        return await asyncio.gather(*(hold(one, 0.2) for _ in range(5)))

    assert run_virtually(five_come()) == pytest.approx([0, 0, 0.2, 0.2, 0.4])


def test_beyond_the_queue_one_is_sent_away_at_once() -> None:
    async def six_come() -> tuple[float, list[object]]:
        one = lane()
        others = [asyncio.create_task(hold(one, 0.2)) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as sent_away:
            await hold(one, 0)
        at_s = asyncio.get_running_loop().time()
        assert sent_away.value.retry_after_s >= 1
        return at_s, list(await asyncio.gather(*others))

    at_s, others = run_virtually(six_come())
    assert at_s == 0
    assert len(others) == 5


def test_who_waits_too_long_is_sent_away_and_its_place_in_the_queue_is_free() -> None:
    async def come() -> None:
        one = lane()
        holding = [asyncio.create_task(hold(one, 10)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match=r"nobody left within 0.5 s"):
            await hold(one, 0)
        assert asyncio.get_running_loop().time() == pytest.approx(0.5)
        assert (one.in_flight, one.waiting) == (2, 0)
        await asyncio.gather(*holding)
        assert one.in_flight == 0

    run_virtually(come())


@pytest.mark.parametrize("cancelled", [0, 2], ids=["who was let in", "who waits"])
def test_one_that_is_cancelled_gives_its_place_to_the_next(cancelled: int) -> None:
    async def come() -> list[object]:
        one = lane()
        tasks = [asyncio.create_task(hold(one, 0.3)) for _ in range(5)]
        await asyncio.sleep(0.1)
        tasks[cancelled].cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert (one.in_flight, one.waiting) == (0, 0)
        return list(ended)

    ended = run_virtually(come())
    assert isinstance(ended.pop(cancelled), asyncio.CancelledError)
    # One of them came in as soon as somebody went.
    expected = [0, 0.1, 0.3, 0.4] if cancelled == 0 else [0, 0, 0.3, 0.3]
    assert ended == pytest.approx(expected)


def test_one_that_is_cancelled_in_the_moment_of_its_turn_passes_the_place_on() -> None:
    async def come() -> None:
        one = lane(Limits(in_flight=1, queue=3, wait_s=60))
        first = one.place()
        await first.__aenter__()
        chosen, next_one = (asyncio.create_task(hold(one, 0)) for _ in range(2))
        await asyncio.sleep(0)
        await first.__aexit__(None, None, None)  # the turn of `chosen` has come, and it does not know yet
        chosen.cancel()
        with pytest.raises(asyncio.CancelledError):
            await chosen
        await next_one
        assert (one.in_flight, one.waiting) == (0, 0)

    run_virtually(come())


def test_a_failure_inside_gives_the_place_back() -> None:
    async def come() -> None:
        one = lane()
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                async with one.place():
                    raise ZeroDivisionError
        assert one.in_flight == 0

    run_virtually(come())


def test_releases_are_let_in_while_allocations_are_sent_away() -> None:
    async def come() -> None:
        refused: list[str] = []
        admission = Admission(LIMITS, on_refusal=lambda told: refused.append(told.name))
        flood = [asyncio.create_task(hold(admission.allocations, 5)) for _ in range(50)]
        await asyncio.sleep(0)
        assert await hold(admission.releases, 0) == 0
        ended = await asyncio.gather(*flood, return_exceptions=True)
        assert sum(isinstance(each, Overloaded) for each in ended) == 48
        assert refused == ["allocations"] * 48

    run_virtually(come())


async def find_silence(one: Lane, seconds: float) -> None:
    with suppress(DependencyAway):
        async with one.place():
            await asyncio.sleep(seconds)
            raise DependencyAway("temporal", "silent")


def test_while_a_dependency_is_silent_fewer_are_let_in_at_once_and_then_more_again() -> None:
    limits = Limits(in_flight=8, queue=100, wait_s=1000, least=2)

    async def come() -> None:
        one = lane(limits)
        await asyncio.gather(*(find_silence(one, 1) for _ in range(8)))
        assert one.at_once == 4  # they tell of one trouble, not of eight
        for _ in range(3):
            await find_silence(one, 1)
        assert one.at_once == limits.least
        began_s = asyncio.get_running_loop().time()
        told = await asyncio.gather(*(hold(one, 0.5) for _ in range(4)))
        assert [each - began_s for each in told] == pytest.approx([0, 0, 0.5, 0.5])
        for _ in range(20):
            with suppress(Refused):
                async with one.place():
                    raise Refused("pool", "no_capacity", "a refusal is an answer too")
        assert one.at_once == limits.in_flight

    run_virtually(come())


def test_while_all_places_are_taken_and_answers_come_late_fewer_are_let_in_and_then_more_again() -> None:
    limits = Limits(in_flight=8, queue=100, wait_s=1000, least=2, late_s=1.0)

    async def come() -> None:
        one = lane(limits)
        crowd = [asyncio.create_task(hold(one, 3)) for _ in range(40)]
        await asyncio.sleep(3.5)
        assert one.at_once == 4  # eight were late: of one crowd
        await asyncio.gather(*crowd)
        assert one.at_once == limits.least
        quick = [asyncio.create_task(hold(one, 0.9)) for _ in range(20)]
        await asyncio.gather(*quick)
        assert one.at_once == limits.in_flight

    run_virtually(come())


def test_what_is_late_while_places_are_free_is_not_late_because_of_too_many() -> None:
    async def come() -> None:
        one = lane(Limits(in_flight=8, queue=0, wait_s=0, least=2, late_s=1.0))
        for _ in range(5):
            await asyncio.gather(*(hold(one, 60) for _ in range(7)))
        assert one.at_once == 8

    run_virtually(come())


def test_one_that_waited_long_for_its_answer_says_nothing_against_the_dependency() -> None:
    """A worker that was killed is not too much work: those who wait for the next one cost nothing."""

    async def wait_in_vain(one: Lane) -> None:
        async with one.place() as visit:
            await asyncio.sleep(60)
            visit.has_answer = False

    async def come() -> None:
        one = lane(Limits(in_flight=8, queue=0, wait_s=0, least=2))
        await asyncio.gather(*(wait_in_vain(one) for _ in range(8)))
        assert one.at_once == 8
        waits = [asyncio.create_task(wait_in_vain(one)) for _ in range(7)]
        await hold(one, 0.1)
        waits.append(asyncio.create_task(wait_in_vain(one)))
        await asyncio.gather(*waits)
        assert one.at_once == 4, "somebody was answered: there are too many for whoever does it"
        await hold(one, 0.1)
        for _ in range(20):
            await hold(one, 0.1)
        assert one.at_once == 8
        with suppress(DeadlinePassed):
            async with one.place():
                raise DeadlinePassed("worker", "did not answer")
        assert one.at_once == 8

    run_virtually(come())


# (after so long it comes, it stays so long, it is cancelled after so long or never, it finds its dependency silent),
# in tenths of a second
VISITS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 15), st.one_of(st.none(), st.integers(0, 15)), st.booleans()),
    max_size=40,
)
LIMITED = st.builds(
    Limits,
    in_flight=st.integers(1, 4),
    queue=st.integers(0, 6),
    wait_s=st.sampled_from([0.05, 0.5, 2.0]),
    least=st.integers(1, 4),
)


@settings(deadline=None)
@given(limits=LIMITED, visits=VISITS)
def test_whatever_comes_limits_hold_turns_are_fair_and_no_place_is_lost(
    limits: Limits, visits: list[tuple[int, int, int | None, bool]]
) -> None:
    run_virtually(_visited(limits, visits))


async def _visited(limits: Limits, visits: list[tuple[int, int, int | None, bool]]) -> None:
    one = lane(limits)
    came: list[int] = []
    entered_s: dict[int, float] = {}
    inside: set[int] = set()

    async def visit(number: int, stays: int, is_silent: bool) -> None:
        came.append(number)
        async with one.place():
            entered_s[number] = asyncio.get_running_loop().time()
            inside.add(number)
            try:
                assert len(inside) <= limits.in_flight
                assert len(inside) <= one.in_flight <= limits.in_flight
                assert one.waiting <= limits.queue
                await asyncio.sleep(stays / 10)
                if is_silent:
                    raise DependencyAway("temporal", "silent")
            finally:
                inside.remove(number)

    tasks = [
        asyncio.create_task(_later(comes, visit, number, stays, is_silent))
        for number, (comes, stays, _, is_silent) in enumerate(visits)
    ]
    for task, (comes, _, cancelled, _) in zip(tasks, visits, strict=True):
        if cancelled is not None:
            asyncio.get_running_loop().call_later((comes + cancelled) / 10, task.cancel)
    ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(each is None or isinstance(each, Overloaded | DependencyAway | asyncio.CancelledError) for each in ended)
    in_turn_s = [entered_s[number] for number in came if number in entered_s]
    assert in_turn_s == sorted(in_turn_s)
    assert (one.in_flight, one.waiting) == (0, 0)
    assert await hold(one, 0) >= 0


async def _later(
    tenths: int, visit: Callable[[int, int, bool], Awaitable[None]], number: int, stays: int, is_silent: bool
) -> None:
    await asyncio.sleep(tenths / 10)
    await visit(number, stays, is_silent)
