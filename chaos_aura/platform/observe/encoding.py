"""Anything as one line of JSON: observation must not fail for what it is given."""

import json

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS
_SHOWN = 200


def as_line(values: object) -> bytes:
    """With its newline."""
    return as_json(values) + b"\n"


def as_json(value: object) -> bytes:
    """What JSON does not know is told as text."""
    try:
        return orjson.dumps(value, default=str, option=_OPTIONS)
    except TypeError:  # numbers beyond 64 bits, half characters, odd keys
        return _slowly(value)


def _slowly(value: object) -> bytes:
    try:
        return json.dumps(value, default=_plain, skipkeys=True, separators=(",", ":")).encode("ascii")
    except (ValueError, RecursionError):  # it holds itself
        return json.dumps({"unencodable": repr(value)[:_SHOWN]}).encode("ascii")


def _plain(thing: object) -> object:
    return orjson.loads(orjson.dumps(thing)) if isinstance(thing, orjson.Fragment) else str(thing)
