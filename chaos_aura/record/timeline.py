"""What happened and when, from every process, a line each:

    {"event": "fault.in_force", "monotonic_ns": 81204113203377, "wall": 1795300000.12, "pid": 4711, "lease": "01K9"}

The monotonic clock is the order, also between processes; the wall clock is for people.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _encoding() -> Callable[[Any], bytes]:
    """The faster one where it is installed; the reaper has nothing but the standard library."""
    encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=str).encode
    try:
        import orjson  # noqa: PLC0415
    except ImportError:
        return lambda told: encode(told).encode()

    def encoded(told: Any) -> bytes:
        try:
            return orjson.dumps(told, default=str)
        except TypeError:  # a number of more than 64 bits, half a surrogate, a key that is no text
            return encode(told).encode()

    return encoded


_encode = _encoding()


class Timeline:
    """Append-only. An event is in the file when `tell` returns; a crash loses at most the line that is being written.

    It never raises: that a disk is full must not keep anybody from healing. `lost` counts what could not be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = 0
        self._file: int | None = None

    def tell(self, event: str, **facts: Any) -> None:
        told = {
            "event": event,
            "monotonic_ns": time.monotonic_ns(),
            "wall": time.time(),
            "pid": os.getpid(),
            **facts,
        }
        try:
            line = b"\n" + _encode(told) + b"\n"  # the line before may be torn
            if os.write(self._opened(), line) != len(line):
                self.lost += 1
        except (OSError, ValueError, RecursionError):
            self.lost += 1

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return self._file


def read_timeline(path: Path) -> list[dict[str, Any]]:
    """In the order of the monotonic clock. Lines that a crash or a full disk has cut are left out."""
    events = []
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            event = json.loads(line)
            events.append((int(event["monotonic_ns"]), event))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return [event for _, event in sorted(events, key=lambda pair: pair[0])]
