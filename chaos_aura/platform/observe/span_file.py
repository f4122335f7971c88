"""Spans as lines of a file, one JSON object each; and the processor that puts the request's id on every span.

{"trace_id": "6f1c...", "span_id": "9a3b...", "parent": "77d0...", "name": "take GPUs", "component": "pool",
 "process": "worker", "request_id": "training-41", "start_ns": 1792000000123456789, "duration_us": 8123,
 "status": "ok", "error": "", "input": {"gpu_type": "a100", "count": 2}, "output": {"gpu_ids": ["a100-0"]}}
"""

from collections.abc import Sequence

import orjson
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from chaos_aura.platform.observe.appended import AppendedFile
from chaos_aura.platform.observe.encoding import as_line
from chaos_aura.platform.observe.request import REQUEST_ID, request_id_of
from chaos_aura.platform.observe.spans import COMPONENT, INPUT, OUTPUT

_OURS = frozenset({COMPONENT, INPUT, OUTPUT, REQUEST_ID})
_NS_PER_US = 1000


class RequestMark(SpanProcessor):
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if request_id := request_id_of(parent_context):
            span.set_attribute(REQUEST_ID, request_id)


class SpanFile(SpanExporter):
    """One system call a batch."""

    def __init__(self, process: str, file: AppendedFile) -> None:
        self._process = process
        self._file = file

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """What cannot be written is counted there, and not tried again."""
        self._file.append(b"".join([self._line(span) for span in spans]), len(spans))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()

    def _line(self, span: ReadableSpan) -> bytes:
        attributes = span.attributes or {}
        context, parent = span.get_span_context(), span.parent
        if context is None:
            return b""
        start_ns, end_ns = span.start_time or 0, span.end_time or 0
        document = {
            "trace_id": f"{context.trace_id:032x}",
            "span_id": f"{context.span_id:016x}",
            "parent": f"{parent.span_id:016x}" if parent else None,
            "name": span.name,
            "component": attributes.get(COMPONENT) or _library(span),
            "process": self._process,
            REQUEST_ID: attributes.get(REQUEST_ID),
            "start_ns": start_ns,
            "duration_us": (end_ns - start_ns) // _NS_PER_US,
            "status": "error" if span.status.status_code is StatusCode.ERROR else "ok",
            "error": span.status.description or "",
            INPUT: _fragment(attributes.get(INPUT)),
            OUTPUT: _fragment(attributes.get(OUTPUT)),
        }
        if others := {key: value for key, value in attributes.items() if key not in _OURS}:
            document["attributes"] = others
        return as_line(document)


def _library(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def _fragment(text: object) -> orjson.Fragment | None:
    """It is JSON already."""
    return orjson.Fragment(text) if isinstance(text, str) else None
