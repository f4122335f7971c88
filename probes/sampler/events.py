"""Events on Kafka, read on from where the run began: which of those that are waited for are there."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.operation import ALLOCATE, RELEASE
from chaos_aura.judge.consistency.events.schema import NoEvent, read_event
from chaos_aura.record.rows import KAFKA, UNREADABLE, Event, whole
from probes.packages import require
from probes.sampler.additions import additions, kind_of
from probes.sampler.waiting import Acknowledged, Backlogs

if TYPE_CHECKING:
    from probes.kafka_client import Record, Topic

TOPIC = "allocation.events"
_WHATS = {"granted": ALLOCATE, "released": RELEASE}
_WITHIN_S = 2.0
_ALL_WITHIN_S = 20.0


class Events:
    """At Kafka's own address, past every edge. Of any thread."""

    def __init__(self, catalogue: Catalogue, folder: Path, tag: str, backlogs: Backlogs) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._tag = tag.encode()
        self._backlogs = backlogs
        self._topic: Topic | None = None
        self._began: Mapping[int, int] = {}
        self._reading, self._writing = threading.Lock(), threading.Lock()

    def begin(self) -> None:
        """Here the run begins. PingFailed when Kafka could not be asked: then all it holds will be read."""
        with self._reading:
            topic = self._opened()
            topic.begin_at_end(_WITHIN_S)
            self._began = topic.offsets

    def look(self) -> dict[str, Any]:
        """PingFailed when it could not be read to its end. When nothing waits, it is not read."""
        self._backlogs.read_on()
        if self._backlogs.events.oldest_first():
            with self._reading:
                self._opened().read_on(_WITHIN_S)
        return self._backlogs.events.told(time.monotonic_ns())

    def write_all(self) -> set[str]:
        """All of the run that Kafka holds now, whatever has been seen of it; its tenants. PingFailed when it could not
        be read to its end.
        """
        tenants: set[str] = set()
        with self._writing, whole(self._folder, KAFKA) as file:

            def write(record: "Record") -> None:
                if record.key.startswith(self._tag):
                    event = _read(record)
                    file.add(record.key.decode(errors="replace"), event)
                    tenants.add(event.tenant)

            topic = self._topic_of(write)
            topic.begin_at(self._began)
            try:
                topic.read_on(_ALL_WITHIN_S)
            finally:
                topic.close()
        return tenants - {""}

    def _opened(self) -> "Topic":
        self._topic = self._topic or self._topic_of(self._take)
        return self._topic

    def _topic_of(self, found: Callable[["Record"], None]) -> "Topic":
        require("kafka")
        from probes.kafka_client import Topic  # noqa: PLC0415 - 0.3 s

        return Topic(self._catalogue.service("kafka").uri, TOPIC, found)

    def _take(self, record: "Record") -> None:
        if record.key.startswith(self._tag):
            kind = _read(record).kind
            if kind in _WHATS:
                name = record.key.decode(errors="replace")
                self._backlogs.events.arrived(Acknowledged(_WHATS[kind], name))


def _read(record: "Record") -> Event:
    """What readers put aside is unreadable, whatever it says."""
    place = (record.partition, record.offset)
    try:
        read_event(record.value)
    except NoEvent:
        return Event(UNREADABLE, repr(record.value[:40]), *place)
    told = orjson.loads(record.value)
    gpu_ids = tuple(map(str, told.get("gpu_ids") or ()))
    return Event(kind_of(told), told["event_id"], *place, told["tenant"], additions(told), gpu_ids)
