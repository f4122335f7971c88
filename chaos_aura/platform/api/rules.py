"""What each field and parameter must be: one sentence for the documentation and for whoever got it wrong."""

import re

from chaos_aura.platform.model import GpuType, Priority, State

SAFE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
MOST_GPUS = 1000
MOST_HOURS = 720
MOST_USD = 1e9
MOST_LISTED = 1000
LISTED = 100

_ID = "1 to 128 letters, digits, dots, dashes or underscores, beginning with a letter or digit"
_USD = f"a number of US dollars from 0 to {MOST_USD:.0f}"

RULES = {
    "request_id": _ID,
    "allocation_id": _ID,
    "tenant": _ID,
    "X-Tenant": _ID,
    "gpu_type": f"one of {', '.join(GpuType)}",
    "count": f"a whole number from 1 to {MOST_GPUS}",
    "hours": f"a number above 0, at most {MOST_HOURS}",
    "priority": f"one of {', '.join(Priority)}",
    "spot": "true or false",
    "budget_usd": _USD,
    "max_hourly_usd": _USD,
    "state": f"one of {', '.join(State)}",
    "limit": f"a whole number from 1 to {MOST_LISTED}",
}

_SAFE = re.compile(SAFE_ID[:-1] + r"\Z", re.ASCII)


def is_safe_id(text: str) -> bool:
    return _SAFE.match(text) is not None
