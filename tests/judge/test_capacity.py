from outages import MS, S, operation

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome
from chaos_aura.judge.capacity import unjustified_refusals

INVENTORY = {"t4": 4}


def asks(name: str, at_s: float, count: int = 1, outcome: Outcome | None = Outcome.OK, why: str = "") -> Operation:
    return operation(
        int(at_s * S), outcome, what=ALLOCATE, why=why, name=name, request_id=name, gpu_type="t4", count=count
    )


def refused(name: str, at_s: float, count: int = 1) -> Operation:
    return asks(name, at_s, count, Outcome.FAIL, "no_capacity")


def gives_back(allocation: str, at_s: float, outcome: Outcome = Outcome.OK) -> Operation:
    return operation(int(at_s * S), outcome, what=RELEASE, name=f"release-{allocation}", request_id=allocation)


def unjustified(*operations: Operation) -> set[str]:
    return set(unjustified_refusals(operations, INVENTORY, 0.0))


def test_with_room_for_certain_a_refusal_is_unjustified() -> None:
    assert unjustified(refused("r", 1)) == {"r"}
    assert unjustified(asks("a", 0, 3), refused("r", 1)) == {"r"}
    assert unjustified(asks("a", 0, 3), refused("r", 1, 2)) == set()
    assert unjustified(asks("a", 0, 4), refused("r", 1)) == set()


def test_what_was_given_back_before_is_free() -> None:
    assert unjustified(asks("a", 0, 4), gives_back("a", 1), refused("r", 2)) == {"r"}
    assert unjustified(asks("a", 0, 4), gives_back("a", 2), refused("r", 1)) == set()


def test_a_release_under_way_or_unknown_frees_nothing() -> None:
    assert unjustified(asks("a", 0, 4), gives_back("a", 1 - 2 * MS / S), refused("r", 1)) == set()
    assert unjustified(asks("a", 0, 4), gives_back("a", 1, Outcome.INFO), refused("r", 2)) == set()
    assert unjustified(asks("a", 0, 4), gives_back("a", 1, Outcome.FAIL), refused("r", 2)) == set()


def test_what_nobody_knows_may_be_held() -> None:
    assert unjustified(asks("a", 0, 4, Outcome.INFO), refused("r", 1)) == set()
    assert unjustified(asks("a", 0, 4, None), refused("r", 1)) == set()
    assert unjustified(asks("a", 0, 4, Outcome.INFO), gives_back("a", 1), refused("r", 2)) == {"r"}


def test_what_failed_held_nothing_after_it_had() -> None:
    assert unjustified(asks("a", 0, 4, Outcome.FAIL, "unavailable"), refused("r", 1)) == {"r"}
    assert unjustified(asks("a", 1 - 2 * MS / S, 4, Outcome.FAIL, "unavailable"), refused("r", 1)) == set()


def test_another_refusal_holds_nothing_and_a_later_one_may() -> None:
    assert unjustified(refused("q", 1, 4), refused("r", 1, 4)) == {"q", "r"}
    assert unjustified(refused("r", 1), asks("a", 1 + 2 * MS / S, 4)) == set()
    assert unjustified(refused("r", 1), asks("a", 2, 4)) == {"r"}


def test_what_was_given_back_just_now_may_not_have_been_seen() -> None:
    operations = (asks("a", 0, 4), gives_back("a", 1), refused("r", 1.2), refused("s", 2))
    assert unjustified_refusals(operations, INVENTORY) == {"s"}


def test_who_asks_again_hears_what_was_decided_first() -> None:
    first = operation(S, Outcome.INFO, what=ALLOCATE, name="r-1", request_id="r", gpu_type="t4", count=1)
    again = operation(
        25 * S, Outcome.FAIL, what=ALLOCATE, why="no_capacity", name="r-2", request_id="r", gpu_type="t4", count=1
    )
    assert unjustified(asks("a", 0, 4), first, gives_back("a", 20), again) == set()
    assert unjustified(asks("a", 0, 3), first, again) == {"r-2"}  # its own tries hold nothing


def test_other_types_are_no_room() -> None:
    other = operation(S, Outcome.FAIL, what=ALLOCATE, why="no_capacity", name="r", gpu_type="h100", count=1)
    assert unjustified(other) == set()
