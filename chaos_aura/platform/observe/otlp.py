"""Spans for a collector, by OTLP over HTTP. Its client is imported only where there is a collector."""

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_PATH = "/v1/traces"
_WITHIN_S = 2.0
_QUEUE = 4096
_BATCH = 2048  # few and large: a collector that is away costs the end of the process two tries at most
_FLUSH_EVERY_MS = 1000


def otlp_processor(endpoint: str) -> SpanProcessor:
    """`endpoint` as in OTEL_EXPORTER_OTLP_ENDPOINT, or with the path of its traces."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - 0.2 s that few need
        OTLPSpanExporter,
    )

    url = endpoint.rstrip("/")
    exporter = OTLPSpanExporter(url if url.endswith(_PATH) else url + _PATH, timeout=_WITHIN_S)
    return BatchSpanProcessor(exporter, _QUEUE, _FLUSH_EVERY_MS, _BATCH)
