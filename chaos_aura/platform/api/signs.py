"""What the API shows of itself while it works: metrics of its lanes, events of overload and of readiness."""

import time
from collections.abc import Callable
from functools import partial
from operator import attrgetter

from prometheus_client import Gauge

from chaos_aura.platform.api.admission import Admission, Lane
from chaos_aura.platform.api.readiness import Status
from chaos_aura.platform.observe import Observer, metrics
from chaos_aura.platform.observe.events import Happening
from chaos_aura.platform.observe.logs import get_logger

_EVERY_S = 1.0
_IN_FLIGHT = Gauge("admission_in_flight", "Requests that have been let in.", ["lane"], registry=metrics.REGISTRY)
_AT_ONCE = Gauge("admission_at_once", "Requests that may be under way at once.", ["lane"], registry=metrics.REGISTRY)
_WAITING = Gauge("admission_waiting", "Requests that wait to be let in.", ["lane"], registry=metrics.REGISTRY)


class Signs:
    def __init__(self, observer: Observer, clock: Callable[[], float] = time.monotonic) -> None:
        self._events = observer.events
        self._clock = clock
        self._told_at_s: dict[str, float] = {}

    def show(self, admission: Admission) -> None:
        """Read when somebody asks for metrics: the lanes themselves pay nothing."""
        metrics.admission_queue_length.set_function(lambda: sum(lane.waiting for lane in admission.lanes))
        for lane in admission.lanes:
            _IN_FLIGHT.labels(lane=lane.name).set_function(partial(attrgetter("in_flight"), lane))
            _AT_ONCE.labels(lane=lane.name).set_function(partial(attrgetter("at_once"), lane))
            _WAITING.labels(lane=lane.name).set_function(partial(attrgetter("waiting"), lane))

    def overloaded(self, lane: Lane) -> None:
        """Each is counted; the event and the line come at most once a second."""
        metrics.admission_refused_total.inc()
        now_s = self._clock()
        if now_s - self._told_at_s.get(lane.name, -_EVERY_S) >= _EVERY_S:
            self._told_at_s[lane.name] = now_s
            self._events.record(Happening.OVERLOADED, lane=lane.name, queue=lane.waiting)
            get_logger().warning("overloaded", lane=lane.name, in_flight=lane.in_flight, waiting=lane.waiting)

    def readiness_changed(self, before: Status, after: Status, why: str) -> None:
        self._events.record(Happening.READINESS_CHANGED, is_ready=after is not Status.AWAY, why=why, status=after)
        get_logger().warning("readiness changed", before=before, after=after, why=why)
