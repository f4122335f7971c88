"""The groups that read a topic: who is in them, how far they have come, and whether they come further."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from probes.kafka_client import KafkaAdminClient, asking, opened

_ANSWERS_WITHIN_MS = 10_000
_SHRINKS_WITHIN_S = 2.0
_LOOKS_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Group:
    """Sample: ("usage-projection", "Stable", 1, {0: 1841, 1: 1790}); `committed` is where each partition goes on."""

    name: str
    state: str
    members: int
    committed: Mapping[int, int]

    def lag(self, ends: Mapping[int, int]) -> dict[int, int]:
        """Of a partition in which it has committed nothing, all is still to be read."""
        return {each: max(0, end - self.committed.get(each, 0)) for each, end in sorted(ends.items())}

    def to_dict(self, ends: Mapping[int, int]) -> dict[str, Any]:
        lag = self.lag(ends)
        told = {"group": self.name, "state": self.state, "members": self.members}
        return told | {"lag": sum(lag.values()), "lags": {str(each): behind for each, behind in lag.items()}}


def groups_of(address: str, topic: str) -> tuple[Group, ...]:
    """Those that have committed something of it, or have a member that reads it. PingFailed when nobody answers."""
    settings = {"bootstrap_timeout_ms": _ANSWERS_WITHIN_MS, "request_timeout_ms": _ANSWERS_WITHIN_MS}
    with opened(KafkaAdminClient, address, **settings) as admin, asking(address):
        try:
            names = sorted(each["group_id"] for each in admin.list_groups())
            if not names:
                return ()
            told, offsets = admin.describe_groups(names), admin.list_group_offsets(names)
        finally:
            admin.close()
        found = [_group(name, told[name], offsets[name], topic) for name in names]
    return tuple(group for group, reads in found if reads)


def settled(address: str, topic: str, ends: Mapping[int, int]) -> tuple[tuple[Group, ...], list[str]]:
    """The groups as they are once those that lag have had a moment to come further, and what is to be noted of them."""
    first = groups_of(address, topic)
    until_s = time.monotonic() + _SHRINKS_WITHIN_S
    now = first
    while _standing(first, now, ends) and time.monotonic() < until_s:
        time.sleep(_LOOKS_EVERY_S)
        now = groups_of(address, topic)
    return now, [*_notes(now, _standing(first, now, ends), ends)]


def _standing(first: tuple[Group, ...], now: tuple[Group, ...], ends: Mapping[int, int]) -> set[str]:
    """Those that lag, and are as far as they were."""
    before = {each.name: each.committed for each in first}
    lagging = (each for each in now if any(each.lag(ends).values()))
    return {each.name for each in lagging if before.get(each.name) == each.committed}


def _notes(groups: tuple[Group, ...], standing: set[str], ends: Mapping[int, int]) -> Iterator[str]:
    for each in groups:
        if not each.members:
            yield f"group {each.name} has no member ({each.state.lower()})"
        if each.name in standing:
            lag = sum(each.lag(ends).values())
            yield f"group {each.name} lags by {lag:,}, and came no further in {_SHRINKS_WITHIN_S:g} s"


def _group(name: str, told: Mapping[str, Any], offsets: Mapping[Any, Any], topic: str) -> tuple[Group, bool]:
    members = told["members"]
    committed = {each.partition: int(at.offset) for each, at in offsets.items() if each.topic == topic}
    committed = {each: offset for each, offset in committed.items() if offset >= 0}
    reads = bool(committed) or any(topic in _topics(each) for each in members)
    return Group(name, str(told["group_state"]), len(members), committed), reads


def _topics(member: Mapping[str, Any]) -> list[str]:
    """What it asks for. A member that has just come may have said nothing yet."""
    metadata = member.get("member_metadata")
    return list(metadata.get("topics", ())) if isinstance(metadata, dict) else []
