"""Records as JSON lines, from which each byte of key and value comes back.

{"partition": 2, "offset": 1841, "timestamp": 1795266629922, "key": "r-1", "value": {"event_id": ..., ...}}
{"partition": 2, "offset": 1842, "timestamp": 1795266629925, "key": null, "value_base64": "eyJldmVudF9pZCI6"}

A value that JSON would not give back byte by byte is written in base64, and so is a key that is no text.
"""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from chaos_aura.core.errors import BadInput, MachineLacks
from chaos_aura.judge.consistency.events import Record

_LONGEST_LINE = 16 * 1024 * 1024


def line_of(record: Record) -> bytes:
    told: dict[str, Any] = {"partition": record.partition, "offset": record.offset, "timestamp": record.timestamp_ms}
    return orjson.dumps(told | _key(record.key) | _value(record.value), option=orjson.OPT_APPEND_NEWLINE)


def read_lines(path: Path) -> Iterator[Record]:
    """BadInput names the line that is none."""
    number = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                number += 1
                yield _record(line)
    except OSError as cause:
        raise MachineLacks.because(cause, str(path)) from cause
    except (ValueError, KeyError, TypeError, OverflowError) as cause:
        why = f"is no record ({type(cause).__name__}: {cause})"
        raise BadInput(
            f"{path}, line {number}", why, "name a file that `chaos-aura events replay` has written"
        ) from cause


def _record(line: bytes) -> Record:
    told = orjson.loads(line)
    numbers = (told["partition"], told["offset"], told["timestamp"])
    if not all(type(each) is int for each in numbers):
        raise TypeError("partition, offset and timestamp must be whole numbers")
    return Record(*numbers, _bytes_of_key(told), _bytes_of_value(told))


def _key(key: bytes | None) -> dict[str, Any]:
    if key is None:
        return {"key": None}
    try:
        return {"key": key.decode()}
    except UnicodeDecodeError:
        return {"key_base64": base64.b64encode(key).decode()}


def _value(value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {"value": None}
    try:
        told = orjson.loads(value)
        if isinstance(told, dict) and orjson.dumps(told) == value:
            return {"value": told}
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    return {"value_base64": base64.b64encode(value).decode()}


def _bytes_of_key(told: Mapping[str, Any]) -> bytes | None:
    if "key_base64" in told:
        return base64.b64decode(told["key_base64"], validate=True)
    key = told["key"]
    if not isinstance(key, str | None):
        raise TypeError("key must be a text or null")
    return None if key is None else key.encode()


def _bytes_of_value(told: Mapping[str, Any]) -> bytes | None:
    if "value_base64" in told:
        return base64.b64decode(told["value_base64"], validate=True)
    value = told["value"]
    if not isinstance(value, dict | None):
        raise TypeError("value must be an object or null")
    return None if value is None else orjson.dumps(value)
