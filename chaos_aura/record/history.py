"""Every operation as it began and as it ended, a line each, written at once:

    {"op": "w1-17", "is": "invoke", "at": 81204113203377, "due": 81204113200000, "by": "tenant-3", "what": "allocate",
     "value": {"gpu_type": "a100", "count": 2}}
    {"op": "w1-17", "is": "ok", "at": 81204131203377, "value": {"gpu_ids": ["a100-0", "a100-1"]}}

`at` is the monotonic clock, which all processes of a machine share. `ok` has happened, `fail` certainly has not, of
`info` nobody knows.
"""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from chaos_aura.core.operation import Operation, Outcome

_INVOKE = "invoke"
_NOTHING: Mapping[str, Any] = {}


class History:
    """Append-only; one writer a file, which must be new. A line is in the file when the call returns; a crash loses at
    most the last one.

    `writer` is part of each operation's id, so that histories of several writers can be merged. What cannot be written
    is counted in `lost`: a history with a gap proves nothing.
    """

    def __init__(self, path: Path, writer: str) -> None:
        self.path = path
        self.lost = 0
        self._writer = writer
        self._count = 0
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def invoke(self, what: str, by: str, due_ns: int, asked: Mapping[str, Any] = _NOTHING) -> str:
        """Before it is sent. The operation's id."""
        self._count += 1
        op = f"{self._writer}-{self._count}"
        self._write(
            {
                "op": op,
                "is": _INVOKE,
                "at": time.monotonic_ns(),
                "due": due_ns,
                "by": by,
                "what": what,
                "value": asked,
            }
        )
        return op

    def end(self, op: str, outcome: Outcome, answered: Mapping[str, Any] = _NOTHING) -> None:
        self._write({"op": op, "is": outcome.value, "at": time.monotonic_ns(), "value": answered})

    def close(self) -> None:
        os.close(self._file)

    def _write(self, line: dict[str, Any]) -> None:
        try:
            written = b"\n" + orjson.dumps(line) + b"\n"  # the line before may be torn
            if os.write(self._file, written) != len(written):
                self.lost += 1
        except (OSError, TypeError):  # a full disk; what JSON cannot say
            self.lost += 1


@dataclass(frozen=True)
class ReadHistory:
    """In the order in which they were meant to begin. `unread` lines were torn, or belong to nothing."""

    operations: tuple[Operation, ...] = ()
    unread: int = 0


def read_history(paths: Iterable[Path]) -> ReadHistory:
    """Of all writers together. A file that is not there yet holds nothing."""
    read = _Reading()
    for path in paths:
        with suppress(FileNotFoundError):
            read.add(path.read_bytes())
    return read.done()


@dataclass
class _Reading:
    operations: dict[str, Operation] = field(default_factory=dict)
    unread: int = 0

    def add(self, content: bytes) -> None:
        for line in content.splitlines():
            if line:
                try:
                    fold(self.operations, line)
                except Unreadable:
                    self.unread += 1

    def done(self) -> ReadHistory:
        return ReadHistory(tuple(sorted(self.operations.values(), key=lambda each: each.due_ns)), self.unread)


class Unreadable(ValueError):
    """A line that is torn, or belongs to nothing."""


def fold(operations: dict[str, Operation], line: bytes) -> Operation:
    """What the line tells, added to what is known: the operation as it is now."""
    try:
        operation = _told(operations, orjson.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise Unreadable(repr(line[:80])) from cause
    operations[operation.id] = operation
    return operation


def _told(operations: Mapping[str, Operation], row: dict[str, Any]) -> Operation:
    op, at_ns, value = str(row["op"]), int(row["at"]), dict(row["value"])
    if row["is"] == _INVOKE:
        if op in operations:
            raise ValueError(op)
        return Operation(op, str(row["what"]), str(row["by"]), int(row["due"]), at_ns, asked=value)
    outcome, began = Outcome(row["is"]), operations[op]
    if began.outcome is not None:
        raise ValueError(op)
    return replace(began, ended_ns=at_ns, outcome=outcome, answered=value)
