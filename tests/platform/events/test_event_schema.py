"""The recorded schema against the class: fields are only ever added, and only optional ones."""

import json
from dataclasses import dataclass, field, make_dataclass
from importlib import resources
from typing import Any

import pytest

from chaos_aura.platform.events.shape import EVENT_SHAPE, FieldShape, FieldType, Shape, shape_of, unrecorded, violations
from chaos_aura.platform.model import EventKind
from chaos_aura.platform.model.event import SCHEMA_VERSION

_RECORDED = json.loads(
    resources.files("chaos_aura.platform.events").joinpath("schema/allocation_event.v1.json").read_text("utf-8")
)


def _recorded_shape() -> Shape:
    return {
        name: FieldShape(FieldType(told["type"]), told["or_null"], told["required"])
        for name, told in _RECORDED["fields"].items()
    }


def test_events_keep_to_the_recorded_schema() -> None:
    assert violations(_recorded_shape(), EVENT_SHAPE) == []
    assert _RECORDED["schema_version"] == SCHEMA_VERSION
    assert set(_RECORDED["kinds"]) <= set(EventKind)


def test_everything_new_is_recorded() -> None:
    assert unrecorded(_recorded_shape(), EVENT_SHAPE) == [], "write it into schema/allocation_event.v1.json"
    assert set(EventKind) <= set(_RECORDED["kinds"]), "write it into schema/allocation_event.v1.json"


@dataclass
class _Before:
    name: str
    count: int
    price: float | None = None
    ids: tuple[str, ...] = ()


_OPTIONAL: Any = field(default=None)


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ([("name", str), ("count", int), ("price", float | None, _OPTIONAL)], ["ids: removed"]),
        (
            [("title", str), ("count", int), ("price", float | None, _OPTIONAL), ("ids", tuple[str, ...], ())],
            ["name: removed", "title: new, and required: events written before do not have it"],
        ),
        (
            [("name", str), ("count", float), ("price", float | None, _OPTIONAL), ("ids", tuple[str, ...], ())],
            ["count: was whole number, is number"],
        ),
        (
            [("name", str), ("count", int | None), ("price", float | None, _OPTIONAL), ("ids", tuple[str, ...], ())],
            ["count: was whole number, is whole number or null"],
        ),
        (
            [("name", str), ("count", int), ("price", float | None), ("ids", tuple[str, ...], ())],
            ["price: was optional, is required"],
        ),
    ],
    ids=["removed", "renamed", "another type", "null", "required"],
)
def test_violation_is_found(now: list[Any], found: list[str]) -> None:
    assert violations(shape_of(_Before), shape_of(make_dataclass("Now", now))) == found


def test_new_optional_field_only_asks_to_be_recorded() -> None:
    now = make_dataclass("Now", [("colour", str | None, _OPTIONAL)], bases=(_Before,))
    assert violations(shape_of(_Before), shape_of(now)) == []
    assert unrecorded(shape_of(_Before), shape_of(now)) == ["colour"]
