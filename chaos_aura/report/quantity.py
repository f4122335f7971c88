"""Numbers and times as people read them: `8.2 s`, `210 ms`, `98.2 %`."""

import time
from datetime import datetime

_MS = 1000.0
_MINUTE_S = 60.0


def spent(seconds: float) -> str:
    """How long something has gone on: no more digits than somebody can read while they change."""
    seconds = max(0.0, seconds)
    if seconds < 9.95:  # noqa: PLR2004 - what would be rounded to two digits before the point
        return f"{seconds:.1f} s"
    if seconds < 2 * _MINUTE_S - 0.5:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s"


def measured(seconds: float) -> str:
    return f"{seconds:.2f} s"


def latency(ms: float) -> str:
    if ms < 9.95:  # noqa: PLR2004
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < _MS - 0.5 else f"{ms / _MS:.2f} s"


def percent(share: float) -> str:
    """Rounded down: what is not all of it is not called 100 %."""
    return "100 %" if share >= 1 else f"{int(share * 1000) / 10:.1f} %"


def rate(per_s: float) -> str:
    return f"{per_s:.4g}/s"


def count(number: float) -> str:
    return f"{number:.0f}"


def when(iso: str) -> str:
    """By the clock on the reader's wall; empty when it is no time."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(datetime.fromisoformat(iso).timestamp()))
    except (ValueError, OverflowError, OSError):
        return ""
