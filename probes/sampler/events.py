"""Events on Kafka, read on from where the run began: which of those that are waited for are there."""

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.operation import ALLOCATE, RELEASE
from probes.packages import require
from probes.sampler.waiting import Acknowledged, Backlogs

if TYPE_CHECKING:
    from probes.kafka_client import Record, Topic

TOPIC = "allocation.events"
_PREFIX = "allocation."
_WHATS = {"granted": ALLOCATE, "released": RELEASE}
_WITHIN_S = 2.0
_ALL_WITHIN_S = 20.0


class Events:
    """At Kafka's own address, past every edge. Of any thread. Only what begins with the run's tag is remembered."""

    def __init__(self, catalogue: Catalogue, tag: str, backlogs: Backlogs) -> None:
        self._catalogue = catalogue
        self._tag = tag.encode()
        self._backlogs = backlogs
        self._topic: Topic | None = None
        self._found: dict[str, dict[str, list[str]]] = {}
        self._reading = threading.Lock()

    def begin(self) -> None:
        """Here the run begins. PingFailed when Kafka could not be asked: then all it holds will be read."""
        with self._reading:
            self._opened().begin_at_end(_WITHIN_S)

    def look(self) -> dict[str, Any]:
        """PingFailed when it could not be read to its end. When nothing waits, it is not read."""
        self._backlogs.read_on()
        if self._backlogs.events.oldest_first():
            self._read_on(_WITHIN_S)
        return self._backlogs.events.told(time.monotonic_ns())

    def of_run(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        self._read_on(_ALL_WITHIN_S)
        with self._reading:
            return {name: {kind: tuple(ids) for kind, ids in kinds.items()} for name, kinds in self._found.items()}

    def _read_on(self, timeout_s: float) -> None:
        with self._reading:
            self._opened().read_on(timeout_s)

    def _opened(self) -> "Topic":
        if self._topic is None:
            require("kafka")
            from probes.kafka_client import Topic  # noqa: PLC0415 - 0.3 s

            self._topic = Topic(self._catalogue.service("kafka").uri, TOPIC, self._take)
        return self._topic

    def _take(self, record: "Record") -> None:
        if not record.key.startswith(self._tag):
            return
        kind, event_id = _read(record.value)
        name = record.key.decode(errors="replace")
        self._found.setdefault(name, {}).setdefault(kind, []).append(event_id)
        if kind in _WHATS:
            self._backlogs.events.arrived(Acknowledged(_WHATS[kind], name))


def _read(value: bytes) -> tuple[str, str]:
    """Kind and id. One that is no event has a kind that no event has."""
    try:
        event = orjson.loads(value)
        return str(event["kind"]).removeprefix(_PREFIX), str(event["event_id"])
    except (ValueError, KeyError, TypeError):
        return "unreadable", repr(value[:40])
