"""Each thing that can be wrong with a log of events is planted, found, and shown by the fewest records."""

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from told_events import BEGAN_MS, GRANTED, HELD, REFUSED, event, judged, record, records, story, whole, wrongs

from chaos_aura.judge.consistency.events import EventLog, Judged, Place, Record, Span
from chaos_aura.judge.consistency.events.verdict import MOST_KEPT
from chaos_aura.judge.consistency.verdict import Validity


def at(offset: int, allocation: str, kind: str, partition: int = 0) -> Place:
    told = event(allocation, kind)
    return Place(partition, offset, told["event_id"], told["at_ms"])


def only(found: Judged) -> Any:
    assert found.validity is Validity.INVALID
    assert sum(found.counts.values()) == 1
    (violation,) = found.violations
    return violation


@pytest.mark.parametrize("kinds", [GRANTED, HELD, REFUSED])
def test_a_whole_story_is_valid(kinds: tuple[str, ...]) -> None:
    found = judged(story("r-1", kinds))
    assert (found.validity, found.allocations, found.events) == (Validity.VALID, 1, len(kinds))
    assert (wrongs(found), found.notes, found.reasons) == ([], [], [])


def test_what_is_told_twice_is_counted_and_legal() -> None:
    found = judged(story("r-1", ("requested", "decided", "requested", "decided", "granted", "decided")))
    assert (found.validity, found.duplicates) == (Validity.VALID, 3)


def test_nothing_is_unknown() -> None:
    found = judged([], {0: Span(0, 0)})
    assert (found.validity, found.reasons) == (Validity.UNKNOWN, ["there is no event of what was asked for"])


@pytest.mark.parametrize(
    ("kinds", "shown", "told"),
    [
        (("decided", "granted"), 0, "allocation.decided without allocation.requested"),
        (("requested", "granted", "released"), 1, "allocation.granted without allocation.decided"),
        (("requested", "refused"), 1, "allocation.refused without allocation.decided"),
        (("requested", "decided", "released"), 2, "allocation.released without allocation.granted"),
        (("requested",), 0, "allocation.requested, and nothing after it: neither granted nor refused"),
        (("requested", "decided"), 1, "allocation.decided, and nothing after it: neither granted nor refused"),
        ((*REFUSED, "released"), 3, "allocation.released without allocation.granted"),
    ],
)
def test_what_is_missing_is_shown_by_what_needs_it(kinds: tuple[str, ...], shown: int, told: str) -> None:
    violation = only(judged(story("r-1", kinds)))
    assert (violation.kind, violation.told) == ("incomplete", told)
    assert violation.evidence == (at(shown, "r-1", kinds[shown]),)


def test_both_granted_and_refused() -> None:
    violation = only(judged(story("r-1", ("requested", "decided", "refused", "granted"))))
    assert violation.kind == "two_ends"
    assert violation.evidence == (at(3, "r-1", "granted"), at(2, "r-1", "refused"))


@pytest.mark.parametrize(
    ("kinds", "first", "second"),
    [
        (("decided", "requested", "granted"), 0, 1),
        (("requested", "granted", "decided"), 1, 2),
        (("requested", "decided", "released", "granted"), 2, 3),
        (("released", "requested", "decided", "granted"), 0, 3),
        (("decided", "requested", "decided", "refused"), 0, 1),
    ],
)
def test_order_is_that_of_the_first_of_each_kind(kinds: tuple[str, ...], first: int, second: int) -> None:
    violation = only(judged(story("r-1", kinds)))
    assert violation.kind == "out_of_order"
    assert violation.evidence == (at(first, "r-1", kinds[first]), at(second, "r-1", kinds[second]))


def test_two_ids_of_one_kind() -> None:
    given = [*story("r-1", REFUSED), record("r-1", "refused", 3, event_id="other"), record("r-1", "refused", 4)]
    found = judged(given)
    violation = only(found)
    assert (violation.kind, found.duplicates) == ("two_ids", 1)
    assert [each.event_id for each in violation.evidence] == ["r-1:allocation.refused", "other"]


def test_a_second_id_is_told_once_however_often_it_comes() -> None:
    given = [*story("r-1", REFUSED), *(record("r-1", "refused", each, event_id="other") for each in (3, 4, 5))]
    assert only(judged(given)).kind == "two_ids"


def test_an_id_that_is_not_made_of_allocation_and_kind() -> None:
    given = [*story("r-1", REFUSED[:2]), record("r-1", "refused", 2, event_id="r-2:allocation.refused")]
    violation = only(judged(given))
    assert (violation.kind, violation.evidence[0].event_id) == ("wrong_id", "r-2:allocation.refused")


def test_an_odd_id_told_again_is_the_same_event() -> None:
    given = [*story("r-1", REFUSED[:2]), *(record("r-1", "refused", each, event_id="odd") for each in (2, 3))]
    assert (only(judged(given)).kind, judged(given).duplicates) == ("wrong_id", 1)


@pytest.mark.parametrize(("key", "told"), [(b"r-2", "is keyed by 'r-2'"), (None, "has no key"), (b"\xff", "keyed by")])
def test_a_key_that_is_not_the_allocation(key: bytes | None, told: str) -> None:
    given = story("r-1", REFUSED)
    given[1] = given[1]._replace(key=key)
    violation = only(judged(given))
    assert (violation.kind, violation.evidence) == ("wrong_key", (at(1, "r-1", "decided"),))
    assert told in violation.told


def test_an_allocation_in_two_partitions() -> None:
    given = [*story("r-1", REFUSED[:2]), record("r-1", "refused", 0, 3), record("r-1", "refused", 1, 3)]
    violation = only(judged(given))
    assert (violation.kind, violation.allocation) == ("two_partitions", "r-1")
    assert violation.evidence == (at(0, "r-1", "requested"), at(0, "r-1", "refused", 3))


def test_between_two_partitions_there_is_no_order() -> None:
    given = [record("r-1", "decided", 0, 3), record("r-1", "requested", 5), record("r-1", "refused", 6)]
    assert wrongs(judged(given)) == [("two_partitions", "r-1")]


def test_what_is_missing_in_two_partitions_is_shown_where_it_lies() -> None:
    found = judged([record("r-1", "requested", 5), record("r-1", "granted", 7, 3)])
    missing = next(each for each in found.violations if each.kind == "incomplete")
    assert missing.evidence == (at(7, "r-1", "granted", 3),)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "has no value"),
        (b"{", "is no JSON"),
        (b"[1]", "is JSON, but [1]"),
        (json.dumps(event("r-1", "granted", schema_version=999)).encode(), "schema version 999"),
        (json.dumps(event("r-1", "granted", kind="allocation.moved")).encode(), "no known kind"),
        (json.dumps(event("r-1", "granted", count="2")).encode(), "count is '2', and no whole number"),
        (json.dumps(event("r-1", "granted", gpu_ids=["g"] * 100_001)).encode(), "gpu_ids are more than 100000"),
    ],
)
def test_what_is_no_event(value: bytes | None, why: str) -> None:
    violation = only(judged([*story("r-1", REFUSED), Record(0, 3, BEGAN_MS, b"r-1", value)]))
    assert (violation.kind, violation.allocation, violation.evidence) == ("unreadable", "r-1", (Place(0, 3),))
    assert why in violation.told


def test_what_is_being_decided_just_now_is_no_violation() -> None:
    given = story("r-1", REFUSED[:2])
    for age_ms, is_violation in ((9_999, False), (10_000, True)):
        found = judged(given, until_ms=BEGAN_MS + age_ms)
        assert (found.validity is Validity.INVALID) == is_violation
        assert found.unfinished == (not is_violation)
    assert "being decided just now: 1" in judged(given, until_ms=BEGAN_MS).notes[0]


def test_a_record_with_an_earlier_time_makes_nothing_older() -> None:
    given = story("r-1", REFUSED[:2])
    given[1] = given[1]._replace(timestamp_ms=BEGAN_MS - 60_000)
    assert judged(given, until_ms=BEGAN_MS + 9_999).unfinished == 1


def test_a_story_that_lacks_its_middle_is_not_excused_by_its_age() -> None:
    assert wrongs(judged(story("r-1", ("requested", "granted")), until_ms=BEGAN_MS)) == [("incomplete", "r-1")]


def test_what_may_have_begun_before_the_range_is_not_called_incomplete() -> None:
    cut = {0: Span(7, 9, is_whole=False, since_ms=BEGAN_MS + 1)}
    given = [record("r-1", "granted", 7), record("r-1", "requested", 8)]
    found = judged(given, cut)
    assert (found.validity, wrongs(found)) == (Validity.VALID, [])
    assert found.notes == ["allocations that may have begun before what was read: 1 (their beginning is not judged)"]
    assert wrongs(judged(given, {0: replace(cut[0], is_whole=True)})) == [
        ("out_of_order", "r-1"),
        ("incomplete", "r-1"),
    ]


def test_what_began_within_the_range_is_judged() -> None:
    cut = {0: Span(7, 9, is_whole=False, since_ms=BEGAN_MS)}
    given = [record("r-1", "requested", 7), record("r-1", "granted", 8)]
    assert wrongs(judged(given, cut)) == [("incomplete", "r-1")]


def test_a_topic_whose_beginning_was_removed_begins_with_its_first_record() -> None:
    """Its time is that of its first record."""
    cut = {0: Span(7, 9, is_whole=False)}
    given = [record("r-1", "requested", 7, at_ms=BEGAN_MS - 1), record("r-1", "granted", 8)]
    assert wrongs(judged(given, cut)) == []
    given[0] = record("r-1", "requested", 7, at_ms=BEGAN_MS)
    assert wrongs(judged(given, cut)) == [("incomplete", "r-1")]


def test_what_was_seen_is_wrong_wherever_the_range_begins() -> None:
    cut = {0: Span(7, 9, is_whole=False, since_ms=BEGAN_MS + 1)}
    assert wrongs(judged([record("r-1", "granted", 7), record("r-1", "refused", 8)], cut)) == [("two_ends", "r-1")]


def test_what_was_not_read_to_its_end_is_unknown_unless_something_is_wrong() -> None:
    log = EventLog({0: Span(0, 9)})
    log.take(record("r-1", "requested"))
    found = log.judged(BEGAN_MS + 60_000, "Kafka did not answer")
    assert (found.validity, found.reasons, wrongs(found)) == (Validity.UNKNOWN, ["Kafka did not answer"], [])
    log = EventLog({0: Span(0, 9)})
    for each in story("r-1", ("decided", "requested")):
        log.take(each)
    assert wrongs(log.judged(BEGAN_MS + 60_000, "Kafka did not answer")) == [("out_of_order", "r-1")]


def test_offsets_without_a_record_are_a_note() -> None:
    given = [each._replace(offset=each.offset * 3 + 2) for each in story("r-1", REFUSED)]
    found = judged(given, {0: Span(0, 12)})
    assert (found.validity, found.notes) == (
        Validity.VALID,
        ["partition 0: 9 offsets hold no record (marks, or removed)"],
    )


def test_a_record_that_is_read_again_is_no_duplicate() -> None:
    given = story("r-1", REFUSED)
    assert judged([*given, given[1]], whole(given)).duplicates == 0


def test_an_uneven_spread_is_a_note_when_there_is_enough() -> None:
    def spread(allocations: int) -> list[str]:
        told = [(f"r-{number}", kind) for number in range(allocations) for kind in REFUSED]
        return list(judged(records(*told), {0: Span(0, len(told)), 1: Span(0, 0), 2: Span(0, 0)}).notes)

    assert spread(199) == []
    assert spread(200) == ["partition 0 holds 200 of 200 allocations, 3.0 times the mean"]


def test_a_time_that_goes_back_is_a_note() -> None:
    given = [*story("r-1", REFUSED[:2]), record("r-1", "refused", 2, at_ms=BEGAN_MS - 5)]
    found = judged(given)
    assert found.validity is Validity.VALID
    assert found.notes == ["times that go back within an allocation: 1, the first of r-1:allocation.refused at 0@2"]


def test_only_what_is_asked_for_is_judged() -> None:
    given = records(*(("run7-1", kind) for kind in REFUSED), ("run8-1", "granted"), ("run8-2", "granted"))
    given.append(Record(0, len(given), BEGAN_MS, b"run8-1", b"{"))
    assert judged(given, prefix="run7-").validity is Validity.VALID
    assert wrongs(judged(given, only="run8-1")) == [("unreadable", "run8-1"), *[("incomplete", "run8-1")]]
    assert judged(given, only="run8").validity is Validity.UNKNOWN
    assert judged(given, prefix="run7-").notes == []  # the others' records are no gaps


def test_what_is_keyed_by_another_is_found_by_its_own_name() -> None:
    given = [each._replace(key=b"x") for each in story("run7-1", REFUSED)]
    assert wrongs(judged(given, prefix="run7-")) == [("wrong_key", "run7-1")] * 3


def test_of_each_kind_a_thousand_are_kept_and_all_are_counted() -> None:
    given = [Record(0, each, BEGAN_MS, b"x", b"{") for each in range(MOST_KEPT + 5)]
    found = judged([*given, record("r-1", "granted", len(given))])
    assert found.counts["unreadable"] == MOST_KEPT + 5  # type: ignore[index] # a StrEnum
    assert len(found.violations) == MOST_KEPT + 1


def test_a_time_beyond_all_times_is_still_an_event() -> None:
    found = judged([record("r-1", "requested", 0, at_ms=2**64 - 1), record("r-1", "decided", 1, at_ms=-(2**63))])
    assert (found.events, found.counts.get("unreadable", 0)) == (2, 0)  # type: ignore[call-overload] # a StrEnum


def test_an_allocation_needs_little_memory() -> None:
    log = EventLog({0: Span(0, 10**9)})
    offset = 0
    tracemalloc.start()
    try:
        for number in range(5_000):
            for kind in GRANTED * 3:
                log.take(record(f"request-{number:012d}", kind, offset))
                offset += 1
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert log.judged(BEGAN_MS).duplicates == 40_000
    assert used < 5_000 * 450


def test_a_document_shows_it_all() -> None:
    told = judged(story("r-1", ("requested", "granted", "decided"))).to_dict()
    assert told["counts"]["out_of_order"] == 1
    assert told["partitions"] == {"0": {"records": 3, "allocations": 1}}
    (violation,) = json.loads(json.dumps(told))["violations"]
    assert violation == {
        "kind": "out_of_order",
        "allocation": "r-1",
        "told": "allocation.granted stands before allocation.decided",
        "evidence": [
            {"partition": 0, "offset": 1, "event_id": "r-1:allocation.granted", "at_ms": BEGAN_MS + 2},
            {"partition": 0, "offset": 2, "event_id": "r-1:allocation.decided", "at_ms": BEGAN_MS + 1},
        ],
    }
