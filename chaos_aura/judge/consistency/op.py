"""One operation of a history: who asked for what, what came back, and between which two moments it took effect."""

import json
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson


class End(StrEnum):
    OK = "ok"
    FAIL = "fail"  # it certainly did not happen; what it was told may still say something: `busy`
    INFO = "info"  # it may have happened, at any time since, or never


@dataclass(frozen=True, slots=True)
class Op:
    """`Op("acquire", "3", {"owner": "r1"}, {"owner": "r1", "token": 7}, End.OK, invoked=4, ended=9, key="a100-0")`

    `invoked` and `ended` are positions in the order of all lines: only the order counts. One that never ended, or of
    which nobody knows the end, has no `ended`. `line` and `end_line` lead back to the file; `invoked_ns`, `ended_ns`
    are its times, where it has any.
    """

    f: str
    process: str
    asked: Any
    answered: Any
    end: End
    invoked: int
    ended: int | None
    key: Hashable = None
    error: str = ""
    line: int = 0
    end_line: int | None = None
    invoked_ns: int | None = None
    ended_ns: int | None = None

    @property
    def is_sure(self) -> bool:
        return self.end is End.OK

    def __str__(self) -> str:
        """`line 4: 3 acquire {"owner": "r1"} -> ok {"token": 7} (line 9)`"""
        asked, answered = told(self.asked), told(self.answered)
        came = f"{self.end.value}{' ' + answered if self.is_sure and answered != asked else ''}"
        came += f" {self.error}" if self.error else ""
        where = f"line {self.line}: " if self.line else ""
        until = f" (line {self.end_line})" if self.end_line else ""
        of = f" of {told(self.key)}" if self.key is not None else ""
        return f"{where}{self.process} {self.f}{of}{' ' + asked if asked else ''} -> {came}{until}"


def frozen(value: Any) -> Hashable:
    """A JSON value as something that can be compared and kept in a set. `True` is not 1 there."""
    if value is None or type(value) is str or type(value) is int:
        return value
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # nested deeper than orjson writes, though it reads it
        return json.dumps(value, sort_keys=True).encode()


def told(value: Any) -> str:
    """For people: short, and nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return (
        value if isinstance(value, str) else json.dumps(value, default=str, separators=(",", ":"), ensure_ascii=False)
    )
