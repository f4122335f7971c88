"""Events on Kafka, read on from where the run began: which of those that are waited for are there."""

import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.operation import ALLOCATE, RELEASE
from chaos_aura.record.rows import KAFKA, Event, file_of, line_of
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
    """At Kafka's own address, past every edge. Of any thread. What is of the run is written down as it comes."""

    def __init__(self, catalogue: Catalogue, folder: Path, tag: str, backlogs: Backlogs) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._tag = tag.encode()
        self._backlogs = backlogs
        self._topic: Topic | None = None
        self._written: BinaryIO | None = None
        self._reading = threading.Lock()
        self.tenants: set[str] = set()

    def begin(self) -> None:
        """Here the run begins. PingFailed when Kafka could not be asked: then all it holds will be read."""
        with self._reading:
            self._opened().begin_at_end(_WITHIN_S)

    def look(self) -> dict[str, Any]:
        """PingFailed when it could not be read to its end. When nothing waits, it is not read."""
        self._backlogs.read_on()
        if self._backlogs.events.oldest_first():
            with self._reading:
                self._opened().read_on(_WITHIN_S)
        return self._backlogs.events.told(time.monotonic_ns())

    def write_all(self) -> None:
        """All of the run, up to now. PingFailed when it could not be read to its end."""
        with self._reading:
            self._opened().read_on(_ALL_WITHIN_S)
            written = self._written_so_far()
            written.flush()
            whole = self._folder / file_of(KAFKA)
            copy = whole.with_suffix(".copy")
            shutil.copyfile(self._spool, copy)
            copy.replace(whole)

    @property
    def _spool(self) -> Path:
        return (self._folder / file_of(KAFKA)).with_suffix(".spool")

    def _written_so_far(self) -> BinaryIO:
        if self._written is None:
            self._written = self._spool.open("wb")
        return self._written

    def _opened(self) -> "Topic":
        if self._topic is None:
            require("kafka")
            from probes.kafka_client import Topic  # noqa: PLC0415 - 0.3 s

            self._topic = Topic(self._catalogue.service("kafka").uri, TOPIC, self._take)
        return self._topic

    def _take(self, record: "Record") -> None:
        if not record.key.startswith(self._tag):
            return
        event = _read(record)
        name = record.key.decode(errors="replace")
        self._written_so_far().write(line_of(name, event))
        if event.tenant:
            self.tenants.add(event.tenant)
        if event.kind in _WHATS:
            self._backlogs.events.arrived(Acknowledged(_WHATS[event.kind], name))


def _read(record: "Record") -> Event:
    """One that is no event has a kind that no event has."""
    try:
        told = orjson.loads(record.value)
        kind, event_id, tenant = kind_of(told), str(told["event_id"]), str(told["tenant"])
        return Event(kind, event_id, record.partition, record.offset, tenant, additions(told))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Event("unreadable", repr(record.value[:40]), record.partition, record.offset)
