"""What the engine asks of Redis."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo
from chaos_aura.faults.ground import Ground
from injectors.redis_store import corruption, eviction
from injectors.redis_store.windows import chosen
from injectors.store import Store

if TYPE_CHECKING:
    from injectors.redis_store.client import Client

_CORRUPT, _EVICT = "corrupt_cache", "evict_cache"
_NAMED = 3


class RedisInjector:
    name: ClassVar[str] = "redis"
    kinds: ClassVar[frozenset[str]] = frozenset({_CORRUPT, _EVICT})
    settle_s: ClassVar[float] = 0.1

    def __init__(self, ground: Ground) -> None:
        self._store = Store(ground, "redis", "redis")

    def can(self, fault: Fault, target: Target) -> Capability:
        return self._store.can(target)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """Any two of them could meet in one window, and each would keep the other's damage as what was there."""
        return Footprint(frozenset({"context windows in redis"}), needs=frozenset({"redis"}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        from injectors.redis_store.client import RedisError, connected  # noqa: PLC0415 - 0.2 s

        with self._store.asking_first(target, RedisError) as uri, connected(uri) as client:
            windows = chosen(client, fault.text("tenant"), int(fault.number("count")))
        planned: Any
        if fault.kind == _CORRUPT:
            planned = corruption.plan(windows, lease_id)
        else:
            planned = eviction.plan(windows, lease_id, fault.lasts_s)
        self._store.refuse_too_large(planned)
        keys = [window.key for window in windows]
        data = {**self._store.found_at(target, lease_id), "kind": fault.kind, "planned": planned}
        return Undo(data, (_touches(fault.kind, keys),), _by_hand(fault.kind, target.uri, keys, planned))

    def inject(self, undo: Undo) -> None:
        self._asked(undo, _part(undo).do)

    def heal(self, undo: Undo) -> None:
        if not self._store.is_lost(undo):
            self._asked(undo, _part(undo).undo)

    def in_force(self, undo: Undo) -> Proof:
        proof: Proof = self._asked(undo, _part(undo).in_force)
        return proof

    def gone(self, undo: Undo) -> Proof:
        if self._store.is_lost(undo):
            return Proof(True, "all that Redis kept has been removed")
        proof: Proof = self._asked(undo, _part(undo).gone)
        return proof

    def _asked(self, undo: Undo, work: Callable[["Client", Any], Any]) -> Any:
        from injectors.redis_store.client import RedisError, connected  # noqa: PLC0415 - 0.2 s

        with self._store.asking(undo, RedisError) as uri, connected(uri) as client:
            return work(client, undo.data["planned"])


def _part(undo: Undo) -> Any:
    return corruption if undo.data["kind"] == _CORRUPT else eviction


def _touches(kind: str, keys: list[str]) -> str:
    verb = "damages the newest decision in" if kind == _CORRUPT else "removes"
    rest = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return f"{verb} {', '.join(keys[:_NAMED])}{rest}"


def _by_hand(kind: str, uri: str, keys: list[str], planned: Any) -> str:
    """A window that is not there is filled from Neo4j when its tenant asks again."""
    if kind == _EVICT:
        told = f"redis.Redis.from_url({uri!r}).delete({planned['note']!r})"
    elif len(keys) <= _NAMED:
        told = f"redis.Redis.from_url({uri!r}).delete(*{keys!r})"
    else:
        told = f"r = redis.Redis.from_url({uri!r}); [r.delete(key) for key in r.scan_iter('context:*')]"
    return f"python -c {shlex.quote(f'import redis; {told}')}"
