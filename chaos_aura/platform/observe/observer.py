"""Begins and ends observation of one process: its log, its spans, its events, its metrics."""

import logging
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from chaos_aura.platform.observe import metrics
from chaos_aura.platform.observe.appended import AppendedFile
from chaos_aura.platform.observe.events import EventLog, Happening
from chaos_aura.platform.observe.logs import complain_of_file, get_logger, start_logs, stop_logs
from chaos_aura.platform.observe.otlp import otlp_processor
from chaos_aura.platform.observe.span_file import RequestMark, SpanFile
from chaos_aura.platform.observe.spans import TRACING
from chaos_aura.platform.settings import Settings

_KEEP_BYTES = 32 * 1024 * 1024
_FLUSH_EVERY_MS = 500
_QUEUE = 16384
_BATCH = 1024
_GAUGED = {"closed": 0, "half_open": 1, "open": 2}


class Change(Protocol):
    """What a guard tells when its breaker changes."""

    @property
    def dependency(self) -> str: ...
    @property
    def before(self) -> StrEnum: ...
    @property
    def after(self) -> StrEnum: ...
    @property
    def monotonic_s(self) -> float: ...
    @property
    def cause(self) -> object: ...


class Observer:
    """`events` records; `notice` is for guards; `environ` is what the process was started with."""

    def __init__(
        self,
        *,
        process: str,
        environ: Mapping[str, str],
        events: EventLog,
        spans: AppendedFile,
        provider: TracerProvider,
        handler: logging.Handler,
    ) -> None:
        self.process = process
        self.environ = environ
        self.events = events
        self._provider = provider
        self._handler = handler
        self._is_closed = False
        metrics.lost_lines.labels(file="events").set_function(lambda: events.lost)
        metrics.lost_lines.labels(file="spans").set_function(lambda: spans.lost)

    def expect(self, *dependencies: str) -> None:
        """Their breakers are closed until somebody tells otherwise."""
        for dependency in dependencies:
            metrics.circuit_breaker_state.labels(dependency=dependency, process=self.process).set(0)

    def notice(self, change: Change) -> None:
        """A breaker changed: an event, a metric, a log line."""
        before, after, cause = str(change.before), str(change.after), str(change.cause or "")
        self.events.record(
            Happening.BREAKER_CHANGED,
            dependency=change.dependency,
            before=before,
            after=after,
            cause=cause,
            changed_mono_ns=int(change.monotonic_s * 1e9),
        )
        metrics.circuit_breaker_state.labels(dependency=change.dependency, process=self.process).set(_GAUGED[after])
        get_logger().warning("breaker changed", dependency=change.dependency, before=before, after=after, cause=cause)

    def close(self) -> None:
        """Everything is written, within some seconds even when the collector of spans is away. Once is enough."""
        if self._is_closed:
            return
        self._is_closed = True
        TRACING.stop()
        self._provider.shutdown()
        self.events.record(Happening.PROCESS_ENDED)
        self.events.close()
        stop_logs(self._handler)


def start(settings: Settings, environ: Mapping[str, str] = os.environ, *, keep_bytes: int = _KEEP_BYTES) -> Observer:
    """Once a process, before it does anything. Its spans take twice `keep_bytes` of disk at most."""
    handler = start_logs(settings.process)
    spans = AppendedFile(_file(settings, "spans"), keep_bytes=keep_bytes, complain=complain_of_file)
    provider = TracerProvider(
        sampler=ALWAYS_ON, resource=Resource({"service.name": settings.process}), shutdown_on_exit=False
    )
    provider.add_span_processor(RequestMark())
    provider.add_span_processor(BatchSpanProcessor(SpanFile(settings.process, spans), _QUEUE, _FLUSH_EVERY_MS, _BATCH))
    if settings.otlp_endpoint:
        provider.add_span_processor(otlp_processor(settings.otlp_endpoint))
    TRACING.start(provider)
    events = EventLog(_file(settings, "events"), process=settings.process)
    events.record(Happening.PROCESS_STARTED, pid=os.getpid())
    return Observer(
        process=settings.process, environ=environ, events=events, spans=spans, provider=provider, handler=handler
    )


def _file(settings: Settings, folder: str) -> Path:
    return settings.home / folder / f"{settings.process}.ndjson"
