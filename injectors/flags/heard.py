"""What the platform's processes have said of their flags: each tells a change in its log when it next uses one.

{"time": "2026-11-21T13:03:49.123456Z", "process": "worker", "event": "flags_changed", "retries": false}
"""

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from injectors.flags.change import Change

CHANGED, UNUSABLE = "flags_changed", "flags_unusable"
TOOK_IT = "took it"
_MEMBER = re.compile(r"api|projection|worker(-\d+)?")
_LATEST_BYTES = 256 * 1024


def is_member(name: str) -> bool:
    """Whether it is a process that reads the flags."""
    return bool(_MEMBER.fullmatch(name))


def heard(logs: Path, change: Change, since: float) -> dict[str, str]:
    """Of those that have said something since then (wall clock): that they took it, or why they could not."""
    found = {}
    for log in sorted(logs.glob("*.log")):
        if is_member(log.stem) and (said := _last_word(log, change, since)):
            found[log.stem] = said
    return found


def _last_word(log: Path, change: Change, since: float) -> str:
    said = ""
    for line in _lines(log):
        if datetime.fromisoformat(line["time"]).timestamp() < since:
            continue
        if line["event"] == UNUSABLE:
            said = f"could not read it: {line.get('why')}"
        elif change.is_made_in(line.get(change.flag)):
            said = TOOK_IT
    return said


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    """Of flags, among the latest."""
    with log.open("rb") as content:
        content.seek(max(0, content.seek(0, os.SEEK_END) - _LATEST_BYTES))
        for line in content:
            if CHANGED.encode() in line or UNUSABLE.encode() in line:
                told = _read(line)
                if told:
                    yield told


def _read(line: bytes) -> dict[str, Any] | None:
    """None for one that is cut short, or that only speaks of such a line."""
    try:
        told = json.loads(line)
        datetime.fromisoformat(told["time"])
    except (ValueError, KeyError, TypeError):
        return None
    return told if told.get("event") in (CHANGED, UNUSABLE) else None
