"""Every metric of the platform, in a registry of its own."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_ANSWER_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_CALL_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

allocations_total = Counter(
    "allocations_total", "Allocations that came to this state.", ["state", "reason"], registry=REGISTRY
)
request_duration_seconds = Histogram(
    "request_duration_seconds", "From request to answer.", ["route", "status"], buckets=_ANSWER_S, registry=REGISTRY
)
admission_queue_length = Gauge("admission_queue_length", "Requests that wait to be let in.", registry=REGISTRY)
admission_refused_total = Counter("admission_refused_total", "Requests sent away: too many.", registry=REGISTRY)
dependency_call_seconds = Histogram(
    "dependency_call_seconds",
    "Calls of dependencies, retries and all.",
    ["dependency", "outcome"],
    buckets=_CALL_S,
    registry=REGISTRY,
)
circuit_breaker_state = Gauge(
    "circuit_breaker_state", "0 closed, 1 half open, 2 open.", ["dependency", "process"], registry=REGISTRY
)
retries_total = Counter("retries_total", "Calls tried again.", ["dependency"], registry=REGISTRY)
events_published_total = Counter("events_published_total", "Events that Kafka has taken.", ["kind"], registry=REGISTRY)
persist_pending = Gauge("persist_pending", "Allocations that wait for a store.", ["store"], registry=REGISTRY)
pool_free = Gauge("pool_free", "GPUs that nobody holds.", ["gpu_type"], registry=REGISTRY)
pool_held = Gauge("pool_held", "GPUs that somebody holds.", ["gpu_type"], registry=REGISTRY)
projection_events_total = Counter("projection_events_total", "Events projected.", ["outcome"], registry=REGISTRY)
dead_letters_total = Counter("dead_letters_total", "Events that could not be read.", ["reason"], registry=REGISTRY)
council_votes_total = Counter("council_votes_total", "Votes of the council.", ["agent", "vote"], registry=REGISTRY)
council_absent_total = Counter("council_absent_total", "Votes that did not come.", ["agent"], registry=REGISTRY)
lost_lines = Gauge("observation_lost_lines", "Spans and events that no file could take.", ["file"], registry=REGISTRY)


def exposition() -> tuple[bytes, str]:
    """For Prometheus: the body and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
