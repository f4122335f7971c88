"""Moments as people type them: `10m` ago, or a time of the clock."""

import re
from datetime import datetime

from chaos_aura.core.errors import BadInput

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def moment_ms(text: str, where: str, now_ms: int) -> int | None:
    """Since 1970; None when nothing was typed. A time without a zone is that of the reader's wall."""
    if not text:
        return None
    if ago := _AGO.fullmatch(text.strip()):
        return max(0, now_ms - int(float(ago[1]) * _MS[ago[2]]))
    try:
        return max(0, int(datetime.fromisoformat(text.strip()).astimezone().timestamp() * 1000))
    except (ValueError, OverflowError, OSError) as cause:
        remedy = "write for instance 10m, 2h or 2026-11-29T09:30:00"
        raise BadInput(f"{where} {text}", "is no moment", remedy) from cause


def in_order(since_ms: int | None, until_ms: int | None) -> tuple[int | None, int | None]:
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        raise BadInput("--until", "is not later than --since", "exchange them")
    return since_ms, until_ms
