"""What the engine asks of Kafka's events. What is put there stays there: nothing can be taken out of a topic.

Each bad record bears the lease's id in a header, by which it is found, and by which whoever judges the events leaves
it out.
"""

import shlex
import sys
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo
from chaos_aura.faults.ground import Ground
from injectors.bytes_as_text import as_bytes, as_text
from injectors.kafka_events import poison
from injectors.kafka_events.poison import GROUP, HEADER, TOPIC
from injectors.kafka_events.search import READS_WITHIN_S, Offsets, Search, count, last, lease_of
from injectors.kafka_events.waiting import behind
from injectors.store import Store

_NEEDS = frozenset({"kafka", "projection", "projection.kafka", "projection.redis"})
_LOOKED_AT = 500  # records back from the end of each partition, at least


class KafkaInjector:
    name: ClassVar[str] = "kafka"
    kinds: ClassVar[frozenset[str]] = frozenset({"poison_event"})
    settle_s: ClassVar[float] = 3.0  # a producer's time-out

    def __init__(self, ground: Ground) -> None:
        self._store = Store(ground, "kafka", "kafka")
        self._searches: dict[tuple[str, tuple[tuple[str, int], ...]], Search] = {}

    def can(self, fault: Fault, target: Target) -> Capability:
        return self._store.can(target)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """Two of them are told apart by their leases. They are gone when the projection has passed them."""
        return Footprint(frozenset({f"{fault.text('how')} events in {TOPIC}"}), needs=_NEEDS)

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        from injectors.kafka_events.client import KafkaError  # noqa: PLC0415 - 0.3 s

        with self._store.asking_first(target, KafkaError) as address:
            rows, ends = _planned(address, fault.text("how"), int(fault.number("count")), lease_id)
        messages = [[partition, as_text(key), as_text(value)] for partition, key, value in rows]
        self._store.refuse_too_large(messages)
        data = {**self._store.found_at(target, lease_id), "messages": messages, "ends": ends}
        touches = f"puts {len(rows)} {fault.text('how')} events into {TOPIC}, from where nothing can be taken back"
        return Undo(data, (touches,), _by_hand(address, lease_id, ends))

    def inject(self, undo: Undo) -> None:
        from injectors.kafka_events.client import Message, put  # noqa: PLC0415 - 0.3 s

        messages = [Message(where, as_bytes(key), as_bytes(value)) for where, key, value in undo.data["messages"]]
        header = (HEADER, str(undo.data["lease"]).encode())
        self._asked(undo, lambda address: put(address, TOPIC, messages, header))

    def heal(self, undo: Undo) -> None:
        """What is in the topic stays."""

    def in_force(self, undo: Undo) -> Proof:
        found = self._found(undo)
        wanted = len(undo.data["messages"])
        seen = f"{count(found)} of {wanted} bad events are acknowledged and read back{_at(found)}"
        return Proof(count(found) >= wanted, seen, {"offsets": found})

    def gone(self, undo: Undo) -> Proof:
        """Not taken back, but behind everyone who reads the topic."""
        if self._store.is_lost(undo):
            return Proof(True, "all that Kafka kept has been removed")
        found = self._found(undo)
        if not found:
            return Proof(True, "none found: nothing of it was put into the topic")
        from injectors.kafka_events.client import committed  # noqa: PLC0415 - 0.3 s

        groups: dict[str, dict[int, int]] = self._asked(undo, lambda address: committed(address, TOPIC, GROUP))
        waiting = [f"group {group} has not passed {lag}" for group, lag in behind(last(found), groups).items()]
        facts = {"offsets": found, "committed": groups}
        if waiting:
            return Proof(False, f"{count(found)} bad events{_at(found)}: {'; '.join(waiting)}", facts)
        passed = f"past every group: {', '.join(sorted(groups))}" if groups else "read by no group"
        return Proof(True, f"irreversible: {count(found)} bad events stay in {TOPIC}{_at(found)}, {passed}", facts)

    def _found(self, undo: Undo) -> Offsets:
        """Remembered as long as this process lives: each is sent once, so that none comes when all have been found."""
        data = undo.data
        lease, ends = str(data["lease"]), {int(partition): offset for partition, offset in data["ends"].items()}
        key = (lease, tuple(sorted(data["ends"].items())))
        search = self._searches.setdefault(key, Search(lease, ends, len(data["messages"])))
        found: Offsets = self._asked(undo, search.look)
        return found

    def _asked(self, undo: Undo, ask: Callable[[str], Any]) -> Any:
        from injectors.kafka_events.client import KafkaError  # noqa: PLC0415 - 0.3 s

        with self._store.asking(undo, KafkaError) as address:
            return ask(address)


def _planned(address: str, how: str, count: int, lease_id: str) -> tuple[list[poison.Row], dict[str, int]]:
    from injectors.kafka_events.client import reading  # noqa: PLC0415 - 0.3 s

    with reading(address, TOPIC) as topic:
        ends = topic.ends()
        if not ends:
            raise TargetUnfit("kafka", f"there is no topic {TOPIC}", "run: chaos-aura up, with the whole platform")
        if how in poison.MADE_UP:
            rows = poison.made_up(how, count, list(ends), lease_id)
        else:
            starts = {partition: max(0, end - max(_LOOKED_AT, count)) for partition, end in ends.items()}
            real = [
                each
                for each in topic.from_to(starts, ends, READS_WITHIN_S)
                if not lease_of(each) and poison.is_event(each)
            ]
            rows = poison.repeated(how, count, sorted(real, key=attrgetter("at_ms")))
    return rows, {str(partition): end for partition, end in ends.items()}


def _by_hand(address: str, lease_id: str, ends: Mapping[str, int]) -> str:
    """Nothing takes them back; but what nobody reads for any more need not be waited for."""
    starts = [f"{partition}:{end}" for partition, end in ends.items()]
    return shlex.join([sys.executable, "-P", "-m", "injectors.kafka_events.skip", address, lease_id, *starts])


def _at(found: Offsets) -> str:
    """` (partition 0: 2, partition 3: 1)`"""
    counted = ", ".join(f"partition {each}: {len(offsets)}" for each, offsets in sorted(found.items()))
    return f" ({counted})" if counted else ""
