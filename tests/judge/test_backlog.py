import pytest

from chaos_aura.judge.backlog import BacklogSample, Limits, backlog_turn, unseen_for_s
from chaos_aura.judge.moment import Moment, latest


def samples(*ages: float | None) -> list[BacklogSample]:
    return [BacklogSample(nth * 10, age) for nth, age in enumerate(ages)]


def test_the_last_turn_from_old_to_young_counts() -> None:
    assert backlog_turn(samples(0, 5, 0, 5, 1, 0), 2.0, 0, 99) == Moment(30, 40, 40)
    assert backlog_turn(samples(0, 2, 1), 2.0, 0, 99) is None
    assert backlog_turn(samples(0, None, 1), 2.0, 0, 99) == Moment(0, 20, 20)
    assert backlog_turn(samples(0, 5, None, 1), 2.0, 0, 99) == Moment(10, 30, 30)
    assert backlog_turn(samples(0, 1, 3), 2.0, 0, 99) == Moment(20, None, None)


def test_only_what_was_seen_in_that_time_counts() -> None:
    assert backlog_turn(samples(5, 5, 1, 5), 2.0, 20, 25) is None
    assert backlog_turn(samples(5, 5, 1, 5)[::-1], 2.0, 10, 25) == Moment(10, 20, 20)


def test_how_long_nobody_said_anything() -> None:
    said = [BacklogSample(at_s * 10**9, age) for at_s, age in ((1, 0.0), (2, None), (4, 0.0), (20, 0.0))]
    assert unseen_for_s(said, 0, 6 * 10**9) == pytest.approx(3)
    assert unseen_for_s(said, 0, 9 * 10**9) == pytest.approx(5)
    assert unseen_for_s([], 0, 9 * 10**9) == pytest.approx(9)


def test_old_is_three_times_the_usual_and_at_least_two_seconds() -> None:
    limits = Limits({"events": 1.5, "decisions": 0.1})
    assert [limits.of(name) for name in ("events", "decisions", "contexts")] == [4.5, 2.0, 2.0]


def test_all_are_over_when_the_last_one_is() -> None:
    assert latest([Moment(1, 2, 3), Moment(0, 5, 6)]) == Moment(1, 5, 6)
    assert latest([Moment(1, 2, 3), Moment(4, None, None)]) == Moment(4, None, None)
    assert latest([Moment(1, 2, 3), Moment(1, 2, None)]) == Moment(1, 2, None)
