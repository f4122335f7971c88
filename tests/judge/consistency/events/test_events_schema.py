"""The judge reads an event as the platform's readers do: by the recorded schema, and in the same words yes or no."""

import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from told_events import event

from chaos_aura.judge.consistency.events.schema import FIELDS, KINDS, SCHEMA_VERSION, NoEvent, read_event
from chaos_aura.platform.events.codec import Unreadable, from_bytes

_RECORDED = json.loads(
    resources.files("chaos_aura.platform.events").joinpath("schema/allocation_event.v1.json").read_text("utf-8")
)
_HUGE = (10**15, 10**30, 1e300, -1, 0, "", "x" * 513, ["a"] * 100_001)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(_HUGE),
    lambda inner: st.lists(inner, max_size=3),
)


def test_it_is_the_recorded_schema() -> None:
    assert {name: field._asdict() for name, field in FIELDS.items()} == _RECORDED["fields"]
    assert list(KINDS) == _RECORDED["kinds"]
    assert _RECORDED["schema_version"] == SCHEMA_VERSION


def is_platforms(value: bytes | None) -> bool:
    try:
        from_bytes(value)
    except Unreadable:
        return False
    return True


def is_ours(value: bytes | None) -> bool:
    try:
        read_event(value)
    except NoEvent as why:
        return len(str(why)) > 200  # a line for a person
    return True


@given(
    changes=st.dictionaries(st.sampled_from(sorted(FIELDS)), _json, max_size=3),
    without=st.sets(st.sampled_from(sorted(FIELDS)), max_size=1),
)
def test_both_say_the_same_of_any_fields(changes: dict[str, Any], without: set[str]) -> None:
    told = {name: value for name, value in (event("r-1", "granted") | changes).items() if name not in without}
    value = json.dumps(told).encode()
    assert is_ours(value) == is_platforms(value)


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[1]", b"null", b'{"a": NaN}', b"[" * 100_000, b"7"])
def test_both_refuse_what_is_no_object(value: bytes | None) -> None:
    assert not is_platforms(value)
    assert not is_ours(value)


def test_fields_that_nobody_knows_are_passed_over() -> None:
    read = read_event(json.dumps(event("r-1", "granted", colour="blue")).encode())
    assert (read.event_id, read.kind, KINDS[read.kind]) == (read.usual_id, 2, "allocation.granted")
