"""What a process of the platform says of itself and of what it needs, by its page for that."""

from typing import Any

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.pings import readyz

API, SILENT = "api", "silent"


def read_readiness(catalogue: Catalogue, service: str, timeout_s: float) -> dict[str, Any]:
    """`{"status": "degraded", "breakers": {"neo4j": "open"}, "answers": {"neo4j": false}}`

    PingFailed when it does not answer.
    """
    document = readyz.page(service, catalogue.service(service).address, timeout_s)
    told = document.get("dependencies")
    found = {name: one for name, one in told.items() if isinstance(one, dict)} if isinstance(told, dict) else {}
    return {
        "status": document["status"],
        "breakers": {name: one["state"] for name, one in found.items() if isinstance(one.get("state"), str)},
        "answers": {name: one["answers"] for name, one in found.items() if isinstance(one.get("answers"), bool)},
    }


def members(catalogue: Catalogue) -> tuple[str, ...]:
    """The processes of the platform, by what they are called."""
    names = (service.name for service in catalogue.services)
    return tuple(name for name in names if name in (API, "projection") or name.partition("-")[0] == "worker")
