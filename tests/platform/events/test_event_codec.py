"""Events to bytes and back, and what is not an event."""

import json
from typing import Any

import pytest
from event_samples import story
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.platform.events.codec import Unreadable, from_bytes, to_bytes
from chaos_aura.platform.model import Event

_EVENT = story("r-1")[2]


def _bytes(**changes: Any) -> bytes:
    return json.dumps(json.loads(to_bytes(_EVENT)) | changes).encode()


def _without(name: str) -> bytes:
    told = json.loads(to_bytes(_EVENT))
    del told[name]
    return json.dumps(told).encode()


@pytest.mark.parametrize("event", story("r-1"), ids=lambda event: event.kind)
def test_every_kind_comes_back_as_it_was(event: Event) -> None:
    assert from_bytes(to_bytes(event)) == event


def test_unknown_fields_are_ignored() -> None:
    assert from_bytes(_bytes(colour="blue", more={"a": [1]})) == _EVENT


def test_optional_field_may_be_missing() -> None:
    assert from_bytes(_without("fencing_token")).fencing_token is None


def test_whole_number_is_a_number() -> None:
    hours = from_bytes(_bytes(hours=2)).hours
    assert (hours, type(hours)) == (2.0, float)


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (None, "no_value", ""),
        (b"", "not_json", ""),
        (b"\xff\xfe", "not_json", ""),
        (b'{"event_id": ', "not_json", ""),
        (b'{"a": NaN}', "not_json", ""),
        (b"[" * 100_000, "not_json", ""),
        (b"[1]", "not_an_object", "list"),
        (b"null", "not_an_object", "NoneType"),
        (_without("tenant"), "missing_field", "tenant"),
        (_without("schema_version"), "wrong_field", "schema_version"),
        (_bytes(schema_version=2), "other_version", "2"),
        (_bytes(schema_version=True), "wrong_field", "True"),
        (_bytes(schema_version="1"), "wrong_field", "'1'"),
        (_bytes(schema_version=2, tenant=None), "other_version", "2"),
        (_bytes(kind="allocation.moved"), "unknown_kind", "moved"),
        (_bytes(kind=7), "wrong_field", "kind: text expected"),
        (_bytes(tenant=None), "wrong_field", "tenant"),
        (_bytes(tenant=""), "wrong_field", "tenant"),
        (_bytes(tenant="t" * 10_000), "wrong_field", "tenant"),
        (_bytes(event_id=""), "wrong_field", "event_id"),
        (_bytes(count="2"), "wrong_field", "count: whole number expected, not '2'"),
        (_bytes(count=2.5), "wrong_field", "count"),
        (_bytes(count=True), "wrong_field", "count"),
        (_bytes(count=-1), "wrong_field", "count"),
        (_bytes(count=10**30), "wrong_field", "count"),
        (_bytes(hours="x" * 1000), "wrong_field", "..."),
        (_bytes(hours=False), "wrong_field", "hours"),
        (_bytes(spot=1), "wrong_field", "spot"),
        (_bytes(gpu_ids="a100-1"), "wrong_field", "gpu_ids"),
        (_bytes(gpu_ids=["a100-1", 2]), "wrong_field", "gpu_ids"),
        (_bytes(gpu_ids=None), "wrong_field", "gpu_ids"),
        (_bytes(held_ms=10**15), "wrong_field", "held_ms"),
        (_bytes(hourly_usd=-0.5), "wrong_field", "hourly_usd"),
        (_bytes(total_usd=1e300), "wrong_field", "total_usd"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes | None, reason: str, detail: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        from_bytes(data)
    assert unreadable.value.reason == reason
    assert detail in unreadable.value.detail
    assert len(str(unreadable.value)) < 300


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(changes=st.dictionaries(st.sampled_from(sorted(json.loads(to_bytes(_EVENT)))), _json, max_size=4))
def test_anything_is_an_event_or_unreadable(changes: dict[str, Any]) -> None:
    try:
        event = from_bytes(_bytes(**changes))
    except Unreadable:
        return
    assert from_bytes(to_bytes(event)) == event


@given(data=st.binary(max_size=200))
def test_any_bytes_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        from_bytes(data)
