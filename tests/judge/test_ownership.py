import time

from granting import S, allocated, at, operation, released
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.operation import ALLOCATE, Operation, Outcome
from chaos_aura.core.verdict import Verdict
from chaos_aura.judge.ownership import certain_holds, no_gpu_had_two, two_owners


def pairs(operations: list[Operation]) -> set[tuple[str, str, str]]:
    return {(each.gpu_id, each.first.allocation, each.second.allocation) for each in two_owners(operations)}


def test_one_after_the_other_is_no_violation() -> None:
    history = [allocated("r1", 0, 1, "t4-0"), released("r1", 2, 5), allocated("r2", 1.5, 2.1, "t4-0")]
    assert two_owners(history) == ()
    assert no_gpu_had_two((), 2).has_passed


def test_two_at_once_are_found_with_both_ids_and_the_time() -> None:
    history = [
        allocated("r1", 0, 1, "t4-0", "t4-1"),
        released("r1", 4, 5),
        allocated("r2", 2, 3, "t4-1"),
        released("r2", 6, 7),
    ]
    (found,) = two_owners(history)
    assert (found.gpu_id, found.first.allocation, found.second.allocation) == ("t4-1", "r1", "r2")
    assert (found.since_ns, found.until_ns) == (at(3), at(4))
    judged = no_gpu_had_two([found], 2)
    assert judged.verdict is Verdict.FAIL
    assert judged.reasons == ("a GPU had two owners: t4-1 was held by r1 and r2 for 1.000 s",)
    assert found.to_dict()["allocations"] == ["r1", "r2"]


def test_a_release_that_failed_ends_no_hold() -> None:
    history = [
        allocated("r1", 0, 1, "t4-0"),
        released("r1", 2, 3, Outcome.FAIL),
        allocated("r2", 4, 5, "t4-0"),
    ]
    assert pairs(history) == {("t4-0", "r1", "r2")}
    assert two_owners(history)[0].until_ns is None


def test_a_release_of_which_nobody_knows_may_have_ended_it_as_soon_as_it_was_sent() -> None:
    for outcome, ended_s in ((Outcome.INFO, 9.0), (None, None)):
        history = [
            allocated("r1", 0, 1, "t4-0"),
            released("r1", 2, ended_s, outcome),
            allocated("r2", 4, 5, "t4-0"),
            released("r1", 6, 7),  # asked again, and answered: it may have been the first that did it
        ]
        assert two_owners(history) == ()


def test_a_grant_of_which_nobody_knows_counts_once_another_try_was_answered() -> None:
    unknown = operation(ALLOCATE, "r2", 1, 3, Outcome.INFO)
    history = [allocated("r1", 0, 1, "t4-0"), unknown]
    assert two_owners(history) == ()
    assert pairs([*history, allocated("r2", 3, 4, "t4-0")]) == {("t4-0", "r1", "r2")}


def test_several_tries_of_one_request_are_one_owner() -> None:
    history = [allocated("r1", 0, 1, "t4-0"), allocated("r1", 2, 3, "t4-0"), released("r1", 5, 6)]
    assert two_owners(history) == ()
    (hold,) = certain_holds(history)
    assert (hold.from_ns, hold.until_ns) == (at(1), at(5))


def test_a_long_hold_is_compared_with_all_that_begin_within_it() -> None:
    history = [allocated("long", 0, 1, "t4-0")]
    for nth in range(3):
        history += [allocated(f"r{nth}", 2 + nth, 2.2 + nth, "t4-0"), released(f"r{nth}", 2.5 + nth, 2.6 + nth)]
    assert pairs(history) == {("t4-0", "long", f"r{nth}") for nth in range(3)}


def test_where_nothing_was_granted_nothing_is_known() -> None:
    assert no_gpu_had_two((), 0).verdict is Verdict.UNKNOWN


holds = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(1, 10), st.sampled_from(["ok", "fail", "info", "no"])),
    max_size=12,
)


@given(holds)
def test_it_finds_the_second_of_every_pair_that_a_comparison_of_all_finds(
    drawn: list[tuple[int, int, int, str]],
) -> None:
    history = []
    for nth, (gpu, from_s, lasts_s, release) in enumerate(drawn):
        history.append(allocated(f"r{nth}", from_s - 1, from_s, f"t4-{gpu}"))
        if release != "no":
            history.append(released(f"r{nth}", from_s + lasts_s, from_s + lasts_s + 1, Outcome(release)))
    certain = certain_holds(history)
    overlapping = {
        (max(one, other, key=lambda each: each.from_ns).from_ns, one.gpu_id)
        for nth, one in enumerate(certain)
        for other in certain[nth + 1 :]
        if one.gpu_id == other.gpu_id
        and max(one.from_ns, other.from_ns) < min(one.until_ns or at(99), other.until_ns or at(99))
    }
    assert {(each.since_ns, each.gpu_id) for each in two_owners(history)} == overlapping


def test_it_grows_little_faster_than_the_history() -> None:
    def took_s(count: int) -> float:
        history = [allocated(f"r{nth}", nth, nth + 0.1, f"t4-{nth % 8}") for nth in range(count)]
        history += [released(f"r{nth}", nth + 7, nth + 7.1) for nth in range(count)]
        began_s = time.process_time()
        assert two_owners(history) == ()
        return time.process_time() - began_s

    took_s(1000)
    # A hundred times as long were it quadratic. What the host takes away meanwhile may be counted, but not every time.
    assert any(took_s(40_000) < 40 * max(took_s(4000), 0.001) for _ in range(3))
    assert S == 10**9
