"""Where a lease's bad events lie in the topic. What has been read is remembered: a topic only grows.

Read from where the topic ended before them, and no further than the last of them. Those that never came are looked for
to its end: what one look has no time for, the next one goes on with.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from injectors.kafka_events.poison import HEADER, TOPIC

if TYPE_CHECKING:
    from injectors.kafka_events.client import Reading, Record

READS_WITHIN_S = 3.0
Offsets = dict[int, list[int]]  # by partition, in order


@dataclass
class Search:
    """Of one lease, in one process; its threads, too. `starts` are the first offsets that may be its."""

    lease: str
    starts: Mapping[int, int]
    wanted: int
    reads_within_s: float = READS_WITHIN_S
    _read_to: dict[int, int] = field(default_factory=dict)
    _found: Offsets = field(default_factory=dict)
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def look(self, address: str) -> Offsets:
        """KafkaError when it could not be read as far as it must be."""
        from injectors.kafka_events.client import reading  # noqa: PLC0415 - 0.3 s

        with self._looking, reading(address, TOPIC) as topic:
            ends = topic.ends()
            self._begin(ends)
            self._forget_removed(topic.firsts())
            self._read_on(topic, ends)
            return {partition: list(offsets) for partition, offsets in sorted(self._found.items())}

    def _begin(self, ends: Mapping[int, int]) -> None:
        """A topic that has been made anew since ends before it began."""
        if any(at > ends.get(partition, 0) for partition, at in self._read_to.items()):
            self._read_to, self._found = {}, {}
        for partition, end in ends.items():
            start = self.starts.get(partition, 0)
            self._read_to.setdefault(partition, start if start <= end else 0)

    def _forget_removed(self, firsts: Mapping[int, int]) -> None:
        """Kafka keeps them for a week, by default."""
        left = {partition: [at for at in found if at >= firsts[partition]] for partition, found in self._found.items()}
        self._found = {partition: found for partition, found in left.items() if found}

    def _read_on(self, topic: "Reading", ends: Mapping[int, int]) -> None:
        if count(self._found) >= self.wanted:
            return
        for record in topic.from_to(dict(self._read_to), ends, self.reads_within_s):
            self._read_to[record.partition] = record.offset + 1
            if lease_of(record) == self.lease.encode():
                self._found.setdefault(record.partition, []).append(record.offset)
                if count(self._found) >= self.wanted:
                    return
        self._read_to.update(ends)


def lease_of(record: "Record") -> bytes:
    return dict(record.headers).get(HEADER, b"")


def count(found: Offsets) -> int:
    return sum(len(offsets) for offsets in found.values())


def last(found: Offsets) -> dict[int, int]:
    return {partition: max(offsets) for partition, offsets in found.items()}
