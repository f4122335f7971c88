import pytest
from outages import LATE_S, MS, S, operation

from chaos_aura.core.operation import Operation, Outcome
from chaos_aura.judge.quality import Defect, Graded, Quality, graded

LATE = int(1.1 * LATE_S * S)
RATE_NS = 10 * MS


def one(operation: Operation, until_ns: int = 100 * S) -> Graded:
    [found] = graded([operation], late_s=LATE_S, until_ns=until_ns, unjustified={"refused"})
    return found


@pytest.mark.parametrize(
    ("asked", "quality", "defect"),
    [
        (operation(0), Quality.GOOD, Defect.NONE),
        (operation(0, took_ns=int(LATE_S * S)), Quality.GOOD, Defect.NONE),
        (operation(0, took_ns=LATE), Quality.SLOW, Defect.LATE),
        (operation(0, Outcome.FAIL, why="unavailable"), Quality.BAD, Defect.FAILED),
        (operation(0, Outcome.FAIL), Quality.BAD, Defect.FAILED),
        (operation(0, Outcome.FAIL, why="no_capacity"), Quality.GOOD, Defect.NONE),
        (operation(0, Outcome.FAIL, why="no_capacity", name="refused"), Quality.BAD, Defect.UNJUSTIFIED),
        (operation(0, Outcome.FAIL, why="no_capacity", took_ns=LATE), Quality.SLOW, Defect.LATE),
        (operation(0, Outcome.INFO, why="timeout"), Quality.BAD, Defect.UNKNOWN),
        (operation(0, None), Quality.BAD, Defect.UNKNOWN),
    ],
)
def test_an_operation_alone(asked: Operation, quality: Quality, defect: Defect) -> None:
    assert (one(asked).quality, one(asked).defect) == (quality, defect)


def test_what_is_under_way_is_left_out_until_it_is_late() -> None:
    asked = operation(S, took_ns=LATE)
    assert graded([asked], late_s=LATE_S, until_ns=S + LATE // 2) == []
    assert one(asked, S + LATE - 1).defect is Defect.UNKNOWN
    assert one(asked, S + LATE).defect is Defect.LATE
    assert graded([asked], late_s=LATE_S, until_ns=S - 1) == []


@pytest.mark.parametrize(("apart", "quality"), [(1, Quality.BAD), (50, Quality.BAD), (51, Quality.SLOW)])
@pytest.mark.parametrize("other", [operation(0, took_ns=LATE), operation(0, Outcome.FAIL)])
def test_late_ones_are_slow_only_when_they_are_alone(apart: int, quality: Quality, other: Operation) -> None:
    rows = [operation(nth * RATE_NS) for nth in range(1, 300)]
    rows[150] = operation(rows[150].due_ns, took_ns=LATE)
    for at in (150 - apart, 150 + apart):
        neighbours = [*rows]
        failed = Outcome.FAIL if other.outcome is Outcome.FAIL else Outcome.OK
        neighbours[at] = operation(rows[at].due_ns, failed, took_ns=LATE)
        grades = graded(neighbours[::-1], late_s=LATE_S, until_ns=100 * S)
        assert [each.due_ns for each in grades] == [each.due_ns for each in rows]
        assert grades[150].quality is quality


def test_noise_excuses_what_was_late_or_unanswered_and_nothing_else() -> None:
    rows = [operation(S, took_ns=LATE), operation(2 * S, Outcome.INFO), operation(3 * S, Outcome.FAIL)]
    grades = graded(rows, late_s=LATE_S, until_ns=100 * S, noisy_ns=[(S + LATE // 2, 3 * S)])
    assert [each.quality for each in grades] == [Quality.GOOD, Quality.GOOD, Quality.BAD]
    beyond = graded(rows, late_s=LATE_S, until_ns=100 * S, noisy_ns=[(0, S - 1), (4 * S, 5 * S)])
    assert [each.quality for each in beyond] == [Quality.BAD] * 3
