"""Events as bytes and back. Readers know nothing of fields that they do not know, and believe nothing that they do."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from chaos_aura.platform.events.shape import EVENT_SHAPE, FieldShape, FieldType
from chaos_aura.platform.model import Event, EventKind
from chaos_aura.platform.model.event import SCHEMA_VERSION

# Beyond them nothing is real, and sums of many events still fit 64 bits.
_MOST_GPUS = 100_000
_LONGEST_MS = 20 * 366 * 24 * 3600 * 1000
_HIGHEST_USD = 1e9
_LONGEST_ID = 512


class Unreadable(Exception):
    """`reason` is one of few words, for counting; `detail` says what exactly."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


def to_bytes(event: Event) -> bytes:
    return orjson.dumps(event)


def from_bytes(data: bytes | None) -> Event:
    """Unreadable for everything but an event whose parts make sense together."""
    told = _object(data)
    _require_version(told)
    event = Event(**{name: _read(name, field, told) for name, field in EVENT_SHAPE.items() if _is_given(name, told)})
    _require_sense(event)
    return event


def _object(data: bytes | None) -> dict[str, Any]:
    if data is None:
        raise Unreadable("no_value", "a message without a value")
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError as cause:
        raise Unreadable("not_json", str(cause)) from cause
    if not isinstance(told, dict):
        raise Unreadable("not_an_object", f"JSON, but {type(told).__name__}")
    return told


def _require_version(told: Mapping[str, Any]) -> None:
    """First of all: what a newer version means by the other fields, nobody here can know."""
    version = told.get("schema_version")
    if not _CHECKS[FieldType.WHOLE](version):
        raise Unreadable("wrong_field", f"schema_version: {_short(version)}")
    if version != SCHEMA_VERSION:
        raise Unreadable("other_version", f"schema version {version}, known is {SCHEMA_VERSION}")


def _is_given(name: str, told: Mapping[str, Any]) -> bool:
    if name in told:
        return True
    if EVENT_SHAPE[name].required:
        raise Unreadable("missing_field", name)
    return False


def _read(name: str, field: FieldShape, told: Mapping[str, Any]) -> Any:
    value = told[name]
    if value is None and field.or_null:
        return None
    if not _CHECKS[field.type](value):
        raise Unreadable("wrong_field", f"{name}: {field.type} expected, not {_short(value)}")
    if name == "kind":
        return _kind(value)
    return _AS.get(field.type, lambda given: given)(value)


def _kind(value: str) -> EventKind:
    try:
        return EventKind(value)
    except ValueError as cause:
        raise Unreadable("unknown_kind", _short(value)) from cause


def _require_sense(event: Event) -> None:
    for name in ("event_id", "allocation_id", "tenant"):
        if not 0 < len(getattr(event, name)) <= _LONGEST_ID:
            raise Unreadable("wrong_field", f"{name}: 1 to {_LONGEST_ID} characters expected")
    for name, most in (("count", _MOST_GPUS), ("held_ms", _LONGEST_MS), ("hourly_usd", _HIGHEST_USD),
                       ("total_usd", _HIGHEST_USD)):  # fmt: skip
        value = getattr(event, name)
        if value is not None and not 0 <= value <= most:
            raise Unreadable("wrong_field", f"{name}: 0 to {most:g} expected, not {value}")
    if len(event.gpu_ids) > _MOST_GPUS:
        raise Unreadable("wrong_field", "gpu_ids: too many")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - one line


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_CHECKS: Mapping[FieldType, Callable[[object], bool]] = {
    FieldType.TEXT: lambda value: isinstance(value, str),
    FieldType.WHOLE: lambda value: isinstance(value, int) and not isinstance(value, bool),
    FieldType.NUMBER: _is_number,
    FieldType.YES_OR_NO: lambda value: isinstance(value, bool),
    FieldType.TEXTS: _is_texts,
}
_AS: Mapping[FieldType, Callable[[Any], Any]] = {FieldType.NUMBER: float, FieldType.TEXTS: tuple}
