"""What an event is, as it is recorded, and one read: everything else is none, with the reason.

Fields that nobody knows are passed over, as the platform's own readers do.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

SCHEMA_VERSION = 1
KINDS = (
    "allocation.requested",
    "allocation.decided",
    "allocation.granted",
    "allocation.refused",
    "allocation.released",
)
_PLACES = {kind: place for place, kind in enumerate(KINDS)}
# Beyond them nothing is real.
_LONGEST_ID = 512
_MOST_GPUS = 100_000
_MOST = {"count": _MOST_GPUS, "held_ms": 20 * 366 * 24 * 3600 * 1000, "hourly_usd": 1e9, "total_usd": 1e9}
_IDS = ("event_id", "allocation_id", "tenant")
_LONGEST_TOLD = 80


class Field(NamedTuple):
    type: str
    or_null: bool = False
    required: bool = True


_OPTIONAL = {"or_null": True, "required": False}
FIELDS: Mapping[str, Field] = {
    "event_id": Field("text"),
    "kind": Field("text"),
    "schema_version": Field("whole number"),
    "allocation_id": Field("text"),
    "tenant": Field("text"),
    "at_ms": Field("whole number"),
    "gpu_type": Field("text"),
    "count": Field("whole number"),
    "hours": Field("number"),
    "priority": Field("text"),
    "spot": Field("yes or no"),
    "hourly_usd": Field("number", **_OPTIONAL),
    "total_usd": Field("number", **_OPTIONAL),
    "outcome": Field("text", **_OPTIONAL),
    "reason": Field("text", **_OPTIONAL),
    "decided_by": Field("text", **_OPTIONAL),
    "gpu_ids": Field("list of texts", required=False),
    "fencing_token": Field("whole number", **_OPTIONAL),
    "held_ms": Field("whole number", **_OPTIONAL),
}


class NoEvent(Exception):
    """`str` is a line for a person."""


class Event(NamedTuple):
    """`kind` is its place among KINDS."""

    kind: int
    event_id: str
    allocation_id: str
    at_ms: int

    @property
    def usual_id(self) -> str:
        """Made of allocation and kind: written twice, it is still one event."""
        return f"{self.allocation_id}:{KINDS[self.kind]}"


def read_event(value: bytes | None) -> Event:
    """NoEvent for everything that the platform's readers would put aside."""
    told = _object(value)
    _require_version(told)
    for name, field in FIELDS.items():
        given = told.get(name, _MISSING)
        if given is _MISSING:
            if field.required:
                raise NoEvent(f"has no {name}")
        elif not (given is None and field.or_null) and not _CHECKS[field.type](given):
            raise NoEvent(f"{name} is {_short(given)}, and no {field.type}")
    _require_sense(told)
    return Event(_PLACES[told["kind"]], told["event_id"], told["allocation_id"], told["at_ms"])


def _object(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise NoEvent("has no value")
    try:
        told = orjson.loads(value)
    except orjson.JSONDecodeError as cause:
        raise NoEvent(f"is no JSON ({cause})") from cause
    if not isinstance(told, dict):
        raise NoEvent(f"is JSON, but {_short(told)}")
    return told


def _require_version(told: Mapping[str, Any]) -> None:
    """First of all: what another version means by the other fields, nobody here can know."""
    version = told.get("schema_version")
    if not _is_whole(version) or version != SCHEMA_VERSION:
        raise NoEvent(f"has schema version {_short(version)}, and {SCHEMA_VERSION} is known")


def _require_sense(told: Mapping[str, Any]) -> None:
    if told["kind"] not in _PLACES:
        raise NoEvent(f"is of no known kind: {_short(told['kind'])}")
    for name in _IDS:
        if not 0 < len(told[name]) <= _LONGEST_ID:
            raise NoEvent(f"{name} has not 1 to {_LONGEST_ID} characters")
    for name, most in _MOST.items():
        given = told.get(name)
        if given is not None and not 0 <= given <= most:
            raise NoEvent(f"{name} is {_short(given)}, and not 0 to {most:g}")
    if len(told.get("gpu_ids", ())) > _MOST_GPUS:
        raise NoEvent(f"gpu_ids are more than {_MOST_GPUS}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_TOLD else f"{text[: _LONGEST_TOLD - 3]}..."


def _is_whole(value: object) -> bool:
    return type(value) is int


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _is_yes_or_no(value: object) -> bool:
    return type(value) is bool


def _are_texts(value: object) -> bool:
    return type(value) is list and all(type(each) is str for each in value)


_MISSING: Any = object()
_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "text": _is_text,
    "whole number": _is_whole,
    "number": _is_number,
    "yes or no": _is_yes_or_no,
    "list of texts": _are_texts,
}
