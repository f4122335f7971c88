"""Events and what is wrong with them, as lines for a person."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from chaos_aura.report.plain_text import one_line

_LONGEST_MS = 1 << 46  # beyond it no clock shows anything


def violation_lines(violation: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {one_line(violation['allocation']) or '(no key)'}: {one_line(violation['told'])}"
    for place in violation["evidence"]:
        where = f"{place['partition']}@{place['offset']}"
        yield f"    {where}  {wall(place['at_ms'])}  {one_line(place['event_id'] or '-')}"


def wall(at_ms: int | None) -> str:
    """By the clock on the reader's wall, to the millisecond."""
    if at_ms is None or abs(at_ms) > _LONGEST_MS:
        return "-" if at_ms is None else str(at_ms)
    seconds, ms = divmod(at_ms, 1000)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(seconds))}.{ms:03d}"
