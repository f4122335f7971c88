"""What may be asked, and that whatever may not is refused by name and in one sentence."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos_aura.platform.api.asked import read_body
from chaos_aura.platform.api.problem import Problem
from chaos_aura.platform.model import AllocationRequest, GpuType, Priority

GOOD: dict[str, Any] = {"request_id": "r-1", "tenant": "acme", "gpu_type": "a100", "count": 2, "hours": 3}
MISSING = object()
PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def body(**changed: Any) -> bytes:
    return json.dumps({key: value for key, value in {**GOOD, **changed}.items() if value is not MISSING}).encode()


def refused(sent: bytes) -> Problem:
    with pytest.raises(Problem) as problem:
        read_body(sent)
    assert problem.value.status == 422
    assert problem.value.reason == "malformed"
    assert "\n" not in problem.value.message
    return problem.value


def outcome(sent: bytes) -> AllocationRequest | Problem:
    try:
        return read_body(sent)
    except Problem as problem:
        return problem


def test_what_is_not_said_has_its_default() -> None:
    assert read_body(body()) == AllocationRequest("r-1", "acme", GpuType.A100, 2, 3.0)


def test_everything_can_be_said() -> None:
    asked = read_body(body(priority="high", spot=True, budget_usd=0, max_hourly_usd=12.5))
    assert asked == AllocationRequest("r-1", "acme", GpuType.A100, 2, 3.0, Priority.HIGH, True, 0.0, 12.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", 1),
        ("count", 1000),
        ("hours", 720),
        ("hours", 0.001),
        ("request_id", "a"),
        ("request_id", "A9._-" + "x" * 123),
        ("budget_usd", None),
    ],
)
def test_the_limits_themselves_are_allowed(field: str, value: Any) -> None:
    read_body(body(**{field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", 0),
        ("count", -1),
        ("count", 1001),
        ("count", 1.5),
        ("count", 2.0),
        ("count", "2"),
        ("count", True),
        ("count", None),
        ("count", 10**400),
        ("hours", 0),
        ("hours", -0.0),
        ("hours", 720.0001),
        ("hours", float("nan")),
        ("hours", float("inf")),
        ("hours", "3"),
        ("hours", True),
        ("gpu_type", "b200"),
        ("gpu_type", "A100"),
        ("gpu_type", 4),
        ("priority", "urgent"),
        ("spot", "yes"),
        ("spot", 1),
        ("budget_usd", -0.01),
        ("budget_usd", float("-inf")),
        ("max_hourly_usd", "1"),
        ("request_id", ""),
        ("request_id", "x" * 129),
        ("request_id", "a b"),
        ("request_id", "a/b"),
        ("request_id", ".."),
        ("request_id", "-x"),
        ("request_id", "ä"),
        ("request_id", "r-1\n"),
        ("request_id", 1),
        ("tenant", "acme'; DROP"),
        ("tenant", ["acme"]),
    ],
)
def test_a_wrong_value_is_refused_with_its_field_named(field: str, value: Any) -> None:
    problem = refused(body(**{field: value}))
    assert problem.field == field
    assert problem.message.startswith(f"{field} must be ")


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(field: str) -> None:
    problem = refused(body(**{field: MISSING}))
    assert problem.field == field
    assert problem.message.startswith(f"{field} is missing, and must be ")


def test_an_unknown_field_is_named_with_those_that_there_are() -> None:
    problem = refused(body(gpus=2))
    assert problem.field == "gpus"
    assert "max_hourly_usd" in problem.message


@pytest.mark.parametrize(
    ("sent", "position"),
    [
        (b"{", "line 1 column 1"),
        (b'{\n "count": }', "line 2 column 11"),
        (b'{"count": 1,}', "line 1 column 13"),
        (b"\xff\xfe{}", "line 1 column 1"),
        (b'{"tenant": "\\ud800"}', "line 1 column"),
        (b"[" * 10_000, "line 1 column"),
        (b'{"a":' * 3_000, "line 1 column"),
        (b'{"count": ' + b"9" * 10_000 + b"}", "line 1 column"),
    ],
)
def test_what_is_not_json_is_refused_with_its_position(sent: bytes, position: str) -> None:
    problem = refused(sent)
    assert problem.field == "body"
    assert position in problem.message


@pytest.mark.parametrize("sent", [b"", b" \n", b"[]", b"null", b"3", b'"x"'])
def test_what_is_no_object_is_refused(sent: bytes) -> None:
    problem = refused(sent)
    assert problem.field == "body"
    assert "one JSON object" in problem.message


def test_a_glimpse_of_what_was_sent_is_enough() -> None:
    assert len(refused(body(tenant="x" * 5000)).message) < 300
    assert len(refused(body(**{"y" * 5000: 1})).message) < 300


@settings(deadline=None)
@given(field=st.sampled_from([*GOOD, "priority", "spot", "budget_usd", "max_hourly_usd", "other"]), value=PLAIN_JSON)
def test_any_value_is_either_understood_or_refused_by_name(field: str, value: Any) -> None:
    told = outcome(body(**{field: value}))
    if isinstance(told, Problem):
        assert (told.status, told.field) == (422, field)
    else:
        assert getattr(told, field) == value


@settings(deadline=None)
@given(sent=st.binary(max_size=200))
def test_any_bytes_are_answered(sent: bytes) -> None:
    assert refused(sent).field
