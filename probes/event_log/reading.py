"""One topic read between two points: as it was when that began, by no group, with nothing committed."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from chaos_aura.core.errors import BadInput, PingFailed
from chaos_aura.judge.consistency.events import Record, Span
from probes.kafka_client import KafkaConsumer, TopicPartition, asking, opened

_CONNECTS_IN_MS, _CONNECTS_WITHIN_MS = 1_000, 10_000
_ANSWERS_WITHIN_MS = 10_000
_POLL_MS = 200
_AT_ONCE = 5_000
_SILENT_S = 10.0
_TOLD_EVERY_S = 0.5
_MOST_NAMED = 10

type Progress = Callable[[int, int], None]  # records read, of so many


class Stopped(Exception):
    """Whoever asked does not want to know any more."""


class Reading:
    """PingFailed from each when Kafka does not answer."""

    def __init__(self, consumer: Any, address: str, topic: str) -> None:
        self._consumer = consumer
        self._address = address
        self._topic = topic
        with asking(address):
            numbers = sorted(consumer.partitions_for_topic(topic))
            known = [] if numbers else sorted(each for each in consumer.topics() if not each.startswith("__"))
        if not numbers:
            raise _no_topic(topic, known)
        self._partitions = [TopicPartition(topic, each) for each in numbers]

    def ends(self) -> dict[int, int]:
        """Of each partition, the offset that its next record will have."""
        with asking(self._address):
            ends = self._consumer.end_offsets(self._partitions, timeout_ms=_ANSWERS_WITHIN_MS)
        return {each.partition: int(end) for each, end in ends.items()}

    def spans(self, since_ms: int | None, until_ms: int | None, *, are_all_within: bool = False) -> dict[int, Span]:
        """By the times that Kafka keeps of records. `are_all_within`: nobody who is meant began before `since_ms`."""
        ends = self.ends()
        firsts = self._firsts()
        begins = firsts if since_ms is None else {**ends, **self._from(since_ms)}
        until = ends if until_ms is None else {**ends, **self._from(until_ms)}
        spans = {}
        for each, first in sorted(firsts.items()):
            begin = max(first, begins[each])
            is_whole = begin == 0 or (are_all_within and since_ms is not None and begin > first)
            spans[each] = Span(begin, max(begin, min(until[each], ends[each])), is_whole, since_ms)
        return spans

    def records(
        self, spans: Mapping[int, Span], until_s: float, stop: threading.Event, progress: Progress
    ) -> Iterator[Record]:
        """Each partition's in order. PingFailed when it could not be read to the end, after what was read so far."""
        self._seek(spans)
        whole = sum(span.end - span.begin for span in spans.values())
        read, told_s = 0, time.monotonic()
        for batch in self._batches(spans, until_s, stop):
            for each in batch:
                if each.offset < spans[each.partition].end:
                    yield Record(each.partition, each.offset, each.timestamp, each.key, each.value)
            read += len(batch)
            if time.monotonic() - told_s > _TOLD_EVERY_S:
                told_s = time.monotonic()
                progress(min(read, whole), whole)

    def _batches(self, spans: Mapping[int, Span], until_s: float, stop: threading.Event) -> Iterator[list[Any]]:
        heard_s = time.monotonic()
        while self._is_before(spans):
            with asking(self._address):
                found = self._consumer.poll(timeout_ms=_POLL_MS)
            for batch in found.values():
                yield batch
                heard_s = time.monotonic()  # what is made of them may take long
            if stop.is_set():
                raise Stopped
            self._refuse_to_wait(spans, until_s, heard_s)

    def _refuse_to_wait(self, spans: Mapping[int, Span], until_s: float, heard_s: float) -> None:
        now_s = time.monotonic()
        if now_s > min(until_s, heard_s + _SILENT_S) and self._is_before(spans):
            late = "the time limit is over" if now_s > until_s else f"it has said nothing for {_SILENT_S:g} s"
            raise PingFailed(f"kafka at {self._address}", f"{self._topic} could not be read to its end: {late}")

    def _is_before(self, spans: Mapping[int, Span]) -> bool:
        """Where a partition stands: marks of transactions take offsets too, and records may have been removed."""
        with asking(self._address):
            return any(self._at(each) < spans[each.partition].end for each in self._partitions)

    def _at(self, partition: Any) -> int:
        return int(self._consumer.position(partition, timeout_ms=_ANSWERS_WITHIN_MS) or 0)

    def _seek(self, spans: Mapping[int, Span]) -> None:
        """A partition of which nothing is wanted is not read at all."""
        with asking(self._address):
            wanted = [each for each in self._partitions if spans[each.partition].begin < spans[each.partition].end]
            self._partitions = wanted
            self._consumer.assign(wanted)
            for each in wanted:
                self._consumer.seek(each, spans[each.partition].begin)

    def _firsts(self) -> dict[int, int]:
        with asking(self._address):
            firsts = self._consumer.beginning_offsets(self._partitions, timeout_ms=_ANSWERS_WITHIN_MS)
        return {each.partition: int(first) for each, first in firsts.items()}

    def _from(self, at_ms: int) -> dict[int, int]:
        """The first record of that time or later; a partition that has none is left out."""
        with asking(self._address):
            times = dict.fromkeys(self._partitions, at_ms)
            found = self._consumer.offsets_for_times(times, timeout_ms=_ANSWERS_WITHIN_MS)
        return {each.partition: int(first.offset) for each, first in found.items() if first is not None}


@contextmanager
def reading(address: str, topic: str, within_s: float) -> Iterator[Reading]:
    """BadInput when there is no such topic, PingFailed when nobody can be asked."""
    settings = {
        "bootstrap_timeout_ms": min(_CONNECTS_WITHIN_MS, max(_CONNECTS_IN_MS, int(within_s * 1_000))),
        "request_timeout_ms": _ANSWERS_WITHIN_MS,
        "enable_auto_commit": False,
        "allow_auto_create_topics": False,
        "auto_offset_reset": "earliest",
        "fetch_max_wait_ms": _POLL_MS,
        "max_poll_records": _AT_ONCE,
        "check_crcs": False,  # three times as fast; Kafka checked them, and of a damaged event nothing is readable
        "metrics_enabled": False,
    }
    with opened(KafkaConsumer, address, **settings) as consumer:
        try:
            yield Reading(consumer, address, topic)
        finally:
            with suppress(PingFailed), asking(address):
                consumer.close(autocommit=False, timeout_ms=1_000)


def _no_topic(name: str, known: list[str]) -> BadInput:
    there = ", ".join(known[:_MOST_NAMED]) + (" and more" if len(known) > _MOST_NAMED else "")
    return BadInput(name, "is no topic of this Kafka", f"there are: {there or 'none'}")
