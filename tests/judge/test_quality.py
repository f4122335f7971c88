import pytest
from outages import LATE_S, MS, S, operation

from chaos_aura.core.operation import Operation, Outcome
from chaos_aura.judge.quality import Defect, Graded, Quality, decided_until_ns, graded

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


@pytest.mark.parametrize(
    ("asked", "quality"),
    [
        (operation(S, took_ns=LATE), Quality.SLOW),
        (operation(S, took_ns=2 * LATE), Quality.BAD),  # late without the noise as well
        (operation(S, Outcome.INFO, took_ns=LATE), Quality.BAD),
        (operation(S, Outcome.FAIL, took_ns=LATE), Quality.BAD),
        (operation(S, took_ns=LATE // 2), Quality.GOOD),
    ],
)
def test_noise_excuses_what_would_have_been_in_time_without_it(asked: Operation, quality: Quality) -> None:
    beside = operation(asked.due_ns + 1, Outcome.FAIL)  # so that it is not alone
    noisy_ns = [(S + LATE // 4, S + LATE // 2)]
    grades = graded([asked, beside], late_s=LATE_S, until_ns=100 * S, noisy_ns=noisy_ns)
    assert [each.quality for each in grades] == [quality, Quality.BAD]
    elsewhere = graded([asked, beside], late_s=LATE_S, until_ns=100 * S, noisy_ns=[(0, S - 1), (9 * S, 10 * S)])
    assert elsewhere[0].quality is (Quality.GOOD if quality is Quality.GOOD else Quality.BAD)


def test_excused_ones_leave_the_others_alone() -> None:
    rows = [operation(S, took_ns=LATE), operation(2 * S, took_ns=LATE)]
    assert [each.quality for each in graded(rows, late_s=LATE_S, until_ns=9 * S)] == [Quality.BAD] * 2
    noisy = graded(rows, late_s=LATE_S, until_ns=9 * S, noisy_ns=[(S, 2 * S - 1)])
    assert [each.quality for each in noisy] == [Quality.SLOW] * 2


def test_what_is_known_ends_with_the_first_under_way() -> None:
    rows = [operation(S), operation(2 * S, took_ns=LATE), operation(2 * S + 1)]
    assert decided_until_ns(rows, late_s=LATE_S, until_ns=9 * S) == 9 * S
    assert decided_until_ns(rows, late_s=LATE_S, until_ns=2 * S + LATE // 2) == 2 * S
