"""A process of the platform: whether it is ready, by the page that it has for that.

    200 {"status": "degraded", "dependencies": {"neo4j": {"state": "open"}, "redis": {"state": "closed"}}}
    503 {"status": "away", "dependencies": {"temporal": {"state": "closed", "answers": false}}, "undone": ["pool"]}

Whether it is healthy is decided by the number alone; the rest is for a person.
"""

import json

from chaos_aura.core.address import Address
from chaos_aura.pings.http1 import EXCERPT, OK, get
from chaos_aura.pings.pong import Pong
from chaos_aura.pings.refusal import Garbled, Refused
from chaos_aura.pings.wire import connected

_PATH = "/readyz"
_SOUND = "closed"  # of a breaker


def ping(service: str, address: Address, timeout_s: float) -> Pong:
    with connected(service, address, timeout_s) as wire:
        answer = get(wire, address, _PATH)
        document = _document(answer.body)
        if answer.status != OK:
            told = _told(document, otherwise="not ready") or answer.body
            raise Refused(f"{answer.status} {answer.reason}: {_on_one_line(told)}")
        told = _told(document, otherwise="ready")
        if not told:
            raise Garbled(f"{_PATH} tells of no status and no dependency")
        return Pong(wire.elapsed_s, "", _on_one_line(told))


def _document(body: str) -> dict[str, object]:
    """Empty when it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _told(document: dict[str, object], otherwise: str) -> str:
    """`ready`, `degraded: neo4j open`; nothing when none of it is understood."""
    status = next((word for key in ("status", "error") if isinstance(word := document.get(key), str)), "")
    dependencies = _dependencies(document.get("dependencies", document))
    if not status and not dependencies:
        return ""
    troubles = [f"{name} {word}" for name, found in dependencies.items() if (word := _trouble(found))]
    troubles += _missing(document.get("undone"))
    return ": ".join(filter(None, (status or otherwise, ", ".join(troubles))))


def _dependencies(documents: object) -> dict[str, dict[str, object]]:
    """Those that tell of their breaker."""
    found = documents.items() if isinstance(documents, dict) else ()
    return {name: one for name, one in found if isinstance(one, dict) and isinstance(one.get("state"), str)}


def _trouble(dependency: dict[str, object]) -> str:
    """A breaker knows of calls only; that nothing answers may be known before one has failed."""
    if dependency["state"] != _SOUND:
        return str(dependency["state"])
    return "away" if dependency.get("answers") is False else ""


def _missing(undone: object) -> list[str]:
    """What it has to make before it is of use."""
    return [f"no {name} yet" for name in undone if isinstance(name, str)] if isinstance(undone, list) else []


def _on_one_line(text: str) -> str:
    return " ".join(text.split())[:EXCERPT]


def page(service: str, address: Address, timeout_s: float) -> dict[str, object]:
    """The whole document, whatever its number: `status`, `dependencies` and what else there is."""
    with connected(service, address, timeout_s) as wire:
        answer = get(wire, address, _PATH)
        document = _document(answer.body)
        if not isinstance(document.get("status"), str):
            raise Garbled(f"{_PATH} tells of no status: {answer.status} {_on_one_line(answer.body)}")
        return document
