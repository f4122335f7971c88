"""The newest decision of each window with some of its bytes changed, so that nobody can read it as JSON.

Sample: {"key": "context:acme", "score": "1780000000000", "former": "eyJhbGxvY2F0...", "corrupt": "eyJhbGxvY2F0..."}

Each is compared and set by itself inside its window: decisions that the tenant makes meanwhile stay.
"""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Proof
from injectors.bytes_as_text import as_bytes, as_text
from injectors.redis_store import scripts
from injectors.redis_store.windows import Window

if TYPE_CHECKING:
    from injectors.redis_store.client import Client

_BYTES_CHANGED = 3
_HIGHEST_BIT = 0x80


def plan(windows: Sequence[Window], seed: str) -> list[dict[str, str]]:
    """The seed is the lease's id: with the former bytes it gives the same corrupt ones again."""
    return [_damage(window, seed) for window in windows]


def do(client: "Client", damage: Sequence[Mapping[str, str]]) -> None:
    _swap(client, damage, "former", "corrupt")


def undo(client: "Client", damage: Sequence[Mapping[str, str]]) -> None:
    _swap(client, damage, "corrupt", "former")


def in_force(client: "Client", damage: Sequence[Mapping[str, str]]) -> Proof:
    corrupt, whole, other = _found(client, damage)
    seen = f"{corrupt} of {len(damage)} cached windows hold the corrupt bytes"
    if other:
        seen += f", {other} the platform has repaired or written anew"
    return Proof(corrupt > 0, seen, {"corrupt": corrupt, "as_before": whole, "repaired": other})


def gone(client: "Client", damage: Sequence[Mapping[str, str]]) -> Proof:
    corrupt, whole, other = _found(client, damage)
    seen = f"{whole} of {len(damage)} cached windows hold their former bytes"
    if other:
        seen += f", {other} are the platform's own by now"
    if corrupt:
        seen = f"{corrupt} of {len(damage)} cached windows still hold the corrupt bytes"
    return Proof(not corrupt, seen, {"corrupt": corrupt, "restored": whole, "repaired": other})


def spoiled(member: bytes, seed: str) -> bytes:
    """In the second half: a window orders decisions of one millisecond by the id, which comes first."""
    letters = [at for at in range(len(member) // 2, len(member) - 1) if max(member[at : at + 2]) < _HIGHEST_BIT]
    if not letters:
        raise TargetUnfit("redis", f"a cached decision holds nothing to damage: {member[:40]!r}", "evict it instead")
    spoilt = bytearray(member)
    for at in random.Random(seed).sample(letters[::2], min(_BYTES_CHANGED, len(letters[::2]))):
        spoilt[at] ^= _HIGHEST_BIT
    return _unreadable(bytes(spoilt))


def _unreadable(spoilt: bytes) -> bytes:
    try:
        spoilt.decode("utf-8")
    except UnicodeDecodeError:
        return spoilt
    raise TargetUnfit("redis", f"a cached decision cannot be damaged: {spoilt[:40]!r}", "evict it instead")


def _damage(window: Window, seed: str) -> dict[str, str]:
    member, score = window.newest
    corrupt = spoiled(member, f"{seed} {window.key}")
    return {"key": window.key, "score": score.decode(), "former": as_text(member), "corrupt": as_text(corrupt)}


def _swap(client: "Client", damage: Sequence[Mapping[str, str]], old: str, new: str) -> None:
    client.each(
        scripts.SWAP, [([each["key"]], [as_bytes(each[old]), as_bytes(each[new]), each["score"]]) for each in damage]
    )


def _found(client: "Client", damage: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """How many hold the corrupt bytes, the former ones, neither."""
    corrupt = client.scores([(each["key"], as_bytes(each["corrupt"])) for each in damage])
    former = client.scores([(each["key"], as_bytes(each["former"])) for each in damage])
    found = ["corrupt" if bad is not None else "former" if good is not None else "other"
             for bad, good in zip(corrupt, former, strict=True)]  # fmt: skip
    return found.count("corrupt"), found.count("former"), found.count("other")
