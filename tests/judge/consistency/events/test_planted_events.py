"""Whatever the interleaving and the repetitions, a log that is right is valid, and one planted wrong is found."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from told_events import GRANTED, HELD, REFUSED, judged, record, wrongs

from chaos_aura.judge.consistency.events import Judged
from chaos_aura.judge.consistency.verdict import Validity

_PARTITIONS = 4


@dataclass
class Log:
    """By partition, in order: who, what, and a suffix of the event's id."""

    rows: list[tuple[int, str, str, str]]

    def judged(self) -> Judged:
        offsets = dict.fromkeys(range(_PARTITIONS), 0)
        told = []
        for partition, name, kind, suffix in self.rows:
            event_id = f"{name}:allocation.{kind}{suffix}"
            told.append(record(name, kind, offsets[partition], partition, event_id=event_id))
            offsets[partition] += 1
        return judged(told)

    def firsts(self, name: str) -> list[int]:
        seen: dict[str, int] = {}
        for place, row in enumerate(self.rows):
            if row[1] == name:
                seen.setdefault(row[2], place)
        return list(seen.values())


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Each allocation's story in order; after any event, some that were told already may be told again."""
    stories = draw(st.lists(st.sampled_from([GRANTED, HELD, REFUSED]), min_size=1, max_size=6))
    left = {f"r-{number}": list(kinds) for number, kinds in enumerate(stories)}
    told: dict[str, list[str]] = {name: [] for name in left}
    rows = []
    while unfinished := sorted(name for name, kinds in left.items() if kinds):
        name = draw(st.sampled_from(unfinished))
        kind = left[name].pop(0)
        told[name].append(kind)
        again = draw(st.lists(st.sampled_from(told[name]), max_size=2))
        rows += [(int(name[2:]) % _PARTITIONS, name, each, "") for each in (kind, *again)]
    return Log(rows)


@given(log=logs())
def test_what_is_right_is_valid(log: Log) -> None:
    found = log.judged()
    names = {row[1] for row in log.rows}
    assert (found.validity, wrongs(found), found.allocations) == (Validity.VALID, [], len(names))
    assert found.duplicates == len(log.rows) - len({row[1:3] for row in log.rows})


@given(log=logs(), some=st.data())
def test_any_kind_that_is_dropped_is_missed(log: Log, some: st.DataObject) -> None:
    """But the release: what was granted may still be held. Of one that is held, nothing tells that it was refused."""
    _, name, kind, _ = some.draw(st.sampled_from([row for row in log.rows if row[2] != "released"]))
    log.rows = [row for row in log.rows if (row[1], row[2]) != (name, kind)]
    if any(row[1] == name for row in log.rows):
        assert wrongs(log.judged()) == [("incomplete", name)]


@given(log=logs(), some=st.data())
def test_any_two_that_are_swapped_are_out_of_order(log: Log, some: st.DataObject) -> None:
    """Firsts that follow one another, with what was told again left out: it would stand before."""
    name = some.draw(st.sampled_from(sorted({row[1] for row in log.rows})))
    firsts = log.firsts(name)
    at = some.draw(st.integers(0, len(firsts) - 2))
    one, other = firsts[at], firsts[at + 1]
    log.rows[one], log.rows[other] = log.rows[other], log.rows[one]
    log.rows = [row for place, row in enumerate(log.rows) if row[1] != name or place in firsts]
    assert wrongs(log.judged()) == [("out_of_order", name)]


@given(log=logs(), some=st.data())
def test_any_second_id_is_found(log: Log, some: st.DataObject) -> None:
    at = some.draw(st.integers(0, len(log.rows) - 1))
    partition, name, kind, _ = log.rows[at]
    later = some.draw(st.integers(at + 1, len(log.rows)))
    log.rows.insert(later, (partition, name, kind, "-other"))
    assert wrongs(log.judged()) == [("two_ids", name)]
