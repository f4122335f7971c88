"""What the sampler saw, a line each, written at once; docs/runs.md shows each kind.

{"at": 81204113203377, "what": "backlog", "name": "decisions", "waiting": 4, "oldest_s": 0.31}
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

FILE = "samples.jsonl"
HEALTH, READINESS, BACKLOG, MACHINE, WEIGHT = "health", "readiness", "backlog", "machine", "weight"
KINDS = (HEALTH, READINESS, BACKLOG, MACHINE, WEIGHT)


class Samples:
    """Append-only, from any thread. It never raises: `lost` counts what could not be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = 0
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def add(self, what: str, at_ns: int | None = None, **seen: Any) -> None:
        """`at_ns`: of what moment it tells, if not of now."""
        at_ns = time.monotonic_ns() if at_ns is None else at_ns
        line = b"\n" + orjson.dumps({"at": at_ns, "what": what, **seen}) + b"\n"  # that before may be torn
        try:
            if os.write(self._file, line) != len(line):
                self.lost += 1
        except OSError:  # a full disk
            self.lost += 1

    def close(self) -> None:
        os.close(self._file)


def read_samples(path: Path) -> list[dict[str, Any]]:
    """In the order of time, without what was torn. A file that is not there yet holds nothing."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return sorted(parsed(lines), key=lambda row: row["at"])


def newest_samples(path: Path, most_bytes: int = 128 * 1024) -> list[dict[str, Any]]:
    """The last of them only, in the order of time: of any run no more than a few seconds."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most_bytes))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    return sorted(parsed(lines), key=lambda row: row["at"])


def parsed(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    rows = []
    for line in lines:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(row, dict) and isinstance(row.get("at"), int) and row.get("what") in KINDS:
            rows.append(row)
    return rows
