from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.process import ProcessId
from probes.sampler.census import TICKS_A_SECOND, Census, Process
from probes.sampler.usage import Usage

ROOT = 1


def census(at_s: float, *rows: tuple[int, int, int, int]) -> Census:
    """Of each process its number, its parent's, what it used, what its children that ended had used."""
    return Census(at_s, {pid: Process(ProcessId(pid, 7), parent, used, kids, 1.0) for pid, parent, used, kids in rows})


def test_what_was_used_between_two_looks_is_told_in_cores() -> None:
    usage = Usage()
    assert usage.cores(census(0, (ROOT, 0, 500, 0)), {ROOT}) is None
    assert usage.cores(census(2, (ROOT, 0, 500 + TICKS_A_SECOND, 0)), {ROOT}) == 0.5


def test_one_that_began_since_counts_whole_and_one_that_joined_from_now_on() -> None:
    usage = Usage()
    usage.cores(census(0, (ROOT, 0, 0, 0), (9, 0, 5000, 0)), {ROOT})
    joined = census(1, (ROOT, 0, 0, 0), (9, 0, 5100, 0), (10, ROOT, TICKS_A_SECOND, 0))
    assert usage.cores(joined, {ROOT, 9, 10}) == 1.0
    later = census(2, (ROOT, 0, 0, 0), (9, 0, 5100 + TICKS_A_SECOND, 0), (10, ROOT, TICKS_A_SECOND, 0))
    assert usage.cores(later, {ROOT, 9, 10}) == 1.0


def test_a_number_that_is_used_again_is_another_process() -> None:
    usage = Usage()
    usage.cores(census(0, (ROOT, 0, 0, 0), (9, ROOT, 500, 0)), {ROOT, 9})
    again = Census(
        1, {ROOT: Process(ProcessId(ROOT, 7), 0, 0, 500, 1.0), 9: Process(ProcessId(9, 8), ROOT, 10, 0, 1.0)}
    )
    assert usage.cores(again, {ROOT, 9}) == 10 / TICKS_A_SECOND


def test_what_came_and_went_between_two_looks_is_told_by_its_parent() -> None:
    usage = Usage()
    usage.cores(census(0, (ROOT, 0, 0, 0)), {ROOT})
    assert usage.cores(census(1, (ROOT, 0, 0, TICKS_A_SECOND)), {ROOT}) == 1.0


def test_a_child_that_ended_is_not_counted_twice_also_when_its_parent_learns_of_it_later() -> None:
    for learns_at_once in (True, False):
        usage = Usage()
        usage.cores(census(0, (ROOT, 0, 0, 0), (9, ROOT, 90_000, 0)), {ROOT, 9})
        known = 90_000 + TICKS_A_SECOND
        gone = census(1, (ROOT, 0, 0, known if learns_at_once else 0))
        told = [usage.cores(gone, {ROOT}), usage.cores(census(2, (ROOT, 0, 0, known)), {ROOT})]
        assert told == ([1.0, 0.0] if learns_at_once else [0.0, 1.0])


def test_a_debt_that_nobody_pays_lapses() -> None:
    usage = Usage()
    usage.cores(census(0, (ROOT, 0, 0, 0), (9, 77, 90_000, 0)), {ROOT, 9})
    for at_s in range(1, 4):
        usage.cores(census(at_s, (ROOT, 0, 0, 0)), {ROOT})
    assert usage.cores(census(4, (ROOT, 0, 0, TICKS_A_SECOND)), {ROOT}) == 1.0


@dataclass
class Simulated:
    """A group whose root never ends, takes orphans and takes notice of every end at once."""

    used: dict[int, int] = field(default_factory=lambda: {ROOT: 0})
    kids: dict[int, int] = field(default_factory=lambda: {ROOT: 0})
    parent: dict[int, int] = field(default_factory=lambda: {ROOT: 0})
    truth: int = 0
    count: int = 1

    def do(self, step: str, pick: int, ticks: int) -> None:
        pid = sorted(self.used)[pick % len(self.used)]
        if step == "work":
            self.used[pid] += ticks
            self.truth += ticks
        elif step == "fork":
            self.count += 1
            self.used[self.count] = self.kids[self.count] = 0
            self.parent[self.count] = pid
        elif step == "end" and pid != ROOT:
            parent = self.parent.pop(pid)
            self.kids[parent] += self.used.pop(pid) + self.kids.pop(pid)
            self.parent = {each: ROOT if its == pid else its for each, its in self.parent.items()}

    def seen(self, at_s: float) -> Census:
        return census(at_s, *((pid, self.parent[pid], self.used[pid], self.kids[pid]) for pid in self.used))


steps = st.lists(
    st.tuples(st.sampled_from(["work", "work", "fork", "end", "look"]), st.integers(0, 9), st.integers(1, 50)),
    max_size=60,
)


@given(steps)
def test_whatever_comes_and_goes_all_that_was_used_is_counted_once(drawn: list[tuple[str, int, int]]) -> None:
    group, usage, counted, at_s = Simulated(), Usage(), 0.0, 0.0
    usage.cores(group.seen(at_s), group.used)
    for step, pick, ticks in [*drawn, ("look", 0, 0)]:
        group.do(step, pick, ticks)
        if step == "look":
            at_s += 1
            counted += usage.cores(group.seen(at_s), group.used) or 0.0
    assert round(counted * TICKS_A_SECOND, 6) == group.truth
