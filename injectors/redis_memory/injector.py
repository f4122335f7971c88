"""Sets `maxmemory` of a running Redis: beyond it, every write that could take more is refused with OOM."""

import shlex
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Edge, Target
from chaos_aura.core.errors import StackDown, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from injectors.redis_memory.conversation import Conversation, Refused, conversation
from injectors.supervised.service import CONTAINERS

_MB = 1024 * 1024
_KEEPS_ALL = "noeviction"


class RedisMemoryInjector:
    """A Redis that was started again has its former setting: this one is never written to its file."""

    name: ClassVar[str] = "redis-maxmemory"
    kinds: ClassVar[frozenset[str]] = frozenset({"memory_limit"})
    settle_s: ClassVar[float] = 0.3  # what lies in its socket is read after the one that sent it has died
    rank: ClassVar[int] = 1  # a control group limits whatever its process does

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def can(self, fault: Fault, target: Target) -> Capability:
        if isinstance(target, Edge):
            return no("a path has no memory", f"name the service: {target.service}")
        if target.scheme != "redis":
            whose = CONTAINERS if target.is_contained else ""
            return no(f"{target.name} is no Redis, and has no maxmemory", left_to=whose)
        return YES

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """It is asked to take its limit back. That it refuses writes keeps it from nothing of this."""
        whom = frozenset({target.name})
        return Footprint(frozenset({f"memory of {target.name}"}), hurts=whom, needs=whom)

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        limit = int(fault.number("limit_mb")) * _MB
        with conversation(target.address) as redis:
            former, policy = int(redis.setting("maxmemory")), redis.setting("maxmemory-policy")
            run = redis.info("server")["run_id"]
        if policy != _KEEPS_ALL:
            why = f"its maxmemory-policy is {policy}: it would throw keys away, which no healing brings back"
            raise TargetUnfit(target.name, why, f"set it to {_KEEPS_ALL}, or limit the memory of its control group")
        if former and former <= limit:
            why = f"maxmemory is {former} already, so {limit} would take nothing"
            raise TargetUnfit(target.name, why, "ask for less")
        data = {
            "address": str(target.address),
            "process": self._process(target.name),
            "run": run,
            "former": former,
            "limit": limit,
            "key": f"chaos-aura:{lease_id}",
        }
        host, port = target.address.host, target.address.port
        by_hand = f"redis-cli -h {shlex.quote(host)} -p {port} CONFIG SET maxmemory {former}"
        return Undo(data, (f"maxmemory of {target.name}: {former or 'none'} -> {limit}",), by_hand)

    def inject(self, undo: Undo) -> None:
        with self._talking(undo.data) as redis:
            if not _is_the_same(redis, undo.data):
                raise TargetUnfit("redis", "was started again before the fault could be injected", "try again")
            redis.ask("CONFIG", "SET", "maxmemory", str(undo.data["limit"]))

    def heal(self, undo: Undo) -> None:
        """Another value than ours is somebody else's, and so is another run of it."""
        if _is_dead(undo.data):
            return
        with self._talking(undo.data) as redis:
            if _is_ours(redis, undo.data):
                redis.ask("CONFIG", "SET", "maxmemory", str(undo.data["former"]))

    def in_force(self, undo: Undo) -> Proof:
        if _is_dead(undo.data):
            return Proof(False, "redis is dead")
        with self._talking(undo.data) as redis:
            if not _is_ours(redis, undo.data):
                return Proof(False, f"maxmemory is {redis.setting('maxmemory')}, not {undo.data['limit']}")
            return _held_back(redis, undo.data)

    def gone(self, undo: Undo) -> Proof:
        if _is_dead(undo.data):
            return Proof(True, "that redis is dead, and its maxmemory with it")
        with self._talking(undo.data) as redis:
            present = redis.setting("maxmemory")
            return Proof(not _is_ours(redis, undo.data), f"maxmemory reads {present}", {"maxmemory": int(present)})

    def _talking(self, data: Mapping[str, Any]) -> AbstractContextManager[Conversation]:
        return conversation(Address.parse(data["address"]))

    def _process(self, service: str) -> str:
        """Empty where it is not supervised here: then only it can tell that it was started again."""
        try:
            return str(self._ground.process_of(service) or "")
        except StackDown:
            return ""


def _is_dead(data: Mapping[str, Any]) -> bool:
    return bool(data["process"]) and not ProcessId.parse(data["process"]).is_alive()


def _is_the_same(redis: Conversation, data: Mapping[str, Any]) -> bool:
    return redis.info("server").get("run_id") == str(data["run"])


def _is_ours(redis: Conversation, data: Mapping[str, Any]) -> bool:
    return _is_the_same(redis, data) and redis.setting("maxmemory") == str(data["limit"])


def _held_back(redis: Conversation, data: Mapping[str, Any]) -> Proof:
    """SETRANGE of nothing to a key that is not there is refused as a write, and would leave no key."""
    used, limit = int(redis.info("memory")["used_memory"]), data["limit"]
    facts = {"used_bytes": used, "limit_bytes": limit}
    seen = f"maxmemory reads {limit}, {used} are used"
    try:
        redis.ask("SETRANGE", data["key"], "0", "")
    except Refused as cause:
        return Proof(str(cause).startswith("OOM"), f"{seen}; a write was answered with {cause}", facts)
    if used > limit + _MB:  # what buffers take does not count, so near the limit either answer is right
        return Proof(False, f"{seen}; and yet a write was accepted", facts)
    return Proof(True, f"{seen}; a write was accepted, as it should be", facts)
