"""What the platform's API says of itself and of what it needs."""

from typing import Any

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import readyz

SILENT = "silent"


def look_at_readiness(address: Address, timeout_s: float) -> dict[str, Any]:
    """`status`, `breakers`, `answers`. It never raises: an API that does not answer is silent."""
    try:
        document = readyz.page("api", address, timeout_s)
    except PingFailed:
        return {"status": SILENT, "breakers": {}, "answers": {}}
    told = document.get("dependencies")
    found = {name: one for name, one in told.items() if isinstance(one, dict)} if isinstance(told, dict) else {}
    return {
        "status": document["status"],
        "breakers": {name: one["state"] for name, one in found.items() if isinstance(one.get("state"), str)},
        "answers": {name: one["answers"] for name, one in found.items() if isinstance(one.get("answers"), bool)},
    }
