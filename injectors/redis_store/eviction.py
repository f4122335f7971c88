"""Windows removed, and put back as they were unless the platform has moved on meanwhile.

A note in Redis, `chaos-aura:evicted:LEASE`, says which were removed and what else was remembered of each tenant then.
A window is put back only while that is still so: one that misses a later decision would be worse than none, which the
platform fills from Neo4j. The note goes when it is healed, and by itself in the end.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chaos_aura.core.fault import Proof
from injectors.redis_store import scripts
from injectors.redis_store.windows import PENDING_TTL_MS, Window

if TYPE_CHECKING:
    from injectors.redis_store.client import Client

# Shorter than the platform keeps what it compares with: what it has forgotten proves nothing.
COMPARABLE_MS = PENDING_TTL_MS - 60_000
_NOTE_OUTLIVES_MS = 3_600_000
_GONE_ANYWAY = {
    "there": "there again",
    "expired": "expired since",
    "outdated": "left to the platform, which has moved on",
    "left": "as the platform has left them",
}


def plan(windows: Sequence[Window], lease_id: str, lasts_s: float) -> dict[str, Any]:
    return {
        "note": f"chaos-aura:evicted:{lease_id}",
        "note_ms": int(lasts_s * 1000) + _NOTE_OUTLIVES_MS,
        "windows": [window.to_dict() for window in windows],
    }


def do(client: "Client", planned: Mapping[str, Any]) -> None:
    client.each(
        scripts.EVICT,
        [(_keys(planned, window), [planned["note_ms"], *window.flat]) for window in _windows(planned)],
    )


def undo(client: "Client", planned: Mapping[str, Any]) -> None:
    client.each(
        scripts.RESTORE,
        [(_keys(planned, window), [window.expires_at_ms, COMPARABLE_MS, *window.flat]) for window in _windows(planned)],
    )


def in_force(client: "Client", planned: Mapping[str, Any]) -> Proof:
    found = _found(client, planned)
    missing = found["missing"] + found["outdated"]
    seen = f"{missing} of {len(planned['windows'])} windows are not cached"
    if found["there"]:
        seen += f", {found['there']} are there, filled anew or never removed"
    return Proof(missing > 0, seen, found)


def gone(client: "Client", planned: Mapping[str, Any]) -> Proof:
    found = _found(client, planned)
    total = len(planned["windows"])
    if found["missing"]:
        return Proof(False, f"{found['missing']} of {total} windows are still missing", found)
    seen = ", ".join(f"{found[state]} {words}" for state, words in _GONE_ANYWAY.items() if found[state])
    return Proof(True, f"of {total} windows {seen}", found)


def _found(client: "Client", planned: Mapping[str, Any]) -> Counter[str]:
    told = client.each(
        scripts.LOOK,
        [(_keys(planned, window), [window.expires_at_ms, COMPARABLE_MS]) for window in _windows(planned)],
    )
    return Counter(state.decode() for state in told)


def _windows(planned: Mapping[str, Any]) -> list[Window]:
    return [Window.from_dict(row) for row in planned["windows"]]


def _keys(planned: Mapping[str, Any], window: Window) -> list[str]:
    return [window.key, window.pending_key, str(planned["note"])]
