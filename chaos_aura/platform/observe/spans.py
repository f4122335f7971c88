"""The steps of a request, as OpenTelemetry's spans.

with step("take GPUs", "pool", gpu_type="a100", count=2) as taking:
    grant = await pool.grant(order)
    taking.output(gpu_ids=grant.gpu_ids)
"""

from contextvars import Token
from types import TracebackType
from typing import Self

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import (
    NoOpTracerProvider,
    Span,
    Status,
    StatusCode,
    Tracer,
    TracerProvider,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from chaos_aura.platform.errors import Refused
from chaos_aura.platform.observe.request import carrying, request_id_of
from chaos_aura.platform.observe.short import short_json

COMPONENT = "component"
INPUT = "input"
OUTPUT = "output"


class Tracing:
    """The process's own tracer. Before observation starts and after it ends, spans go nowhere."""

    def __init__(self) -> None:
        self._provider: TracerProvider = NoOpTracerProvider()
        self.tracer = self.tracer_of("")

    def start(self, provider: TracerProvider) -> None:
        self._provider = provider
        self.tracer = self.tracer_of("")

    def stop(self) -> None:
        self.start(NoOpTracerProvider())

    def tracer_of(self, component: str) -> Tracer:
        """For a library that makes its spans itself: they are told as this component's."""
        return self._provider.get_tracer(component or "chaos_aura.platform")


TRACING = Tracing()


class Step:
    """Synchronous, but made to be held across awaits. What it raises marks it as failed; a refusal is an answer."""

    __slots__ = ("_attributes", "_name", "_output", "_request_id", "_span", "_token", "_within")

    def __init__(
        self, name: str, request_id: str | None, within: Context | None, attributes: dict[str, AttributeValue]
    ) -> None:
        self._name = name
        self._within = within
        self._request_id = request_id
        self._attributes = attributes
        self._output: dict[str, object] = {}
        self._span: Span
        self._token: Token[Context]

    def output(self, /, **short: object) -> None:
        """What came out of it, so far. Said again, it is added to."""
        self._output.update(short)

    def __enter__(self) -> Self:
        context = get_current() if self._within is None else self._within
        if self._request_id and self._request_id != request_id_of(context):
            context = carrying(self._request_id, context)
        self._span = TRACING.tracer.start_span(self._name, context, attributes=self._attributes)
        self._token = attach(set_span_in_context(self._span, context))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, _: TracebackType | None
    ) -> None:
        detach(self._token)
        if isinstance(failure, Refused):
            self._output.setdefault("refused", failure.reason)
        elif failure is not None:
            self._span.set_status(Status(StatusCode.ERROR, f"{type(failure).__name__}: {failure}"))
        if self._output:
            self._span.set_attribute(OUTPUT, short_json(self._output))
        self._span.end()


def step(
    name: str, component: str, /, *, request_id: str | None = None, within: Context | None = None, **given: object
) -> Step:
    """`component` is who does it: "api", "worker", "pool", "council", or a store. All within bears the request's id.

    `within` is what it is a part of, where that is not what runs just now.
    """
    attributes: dict[str, AttributeValue] = {COMPONENT: component}
    if given:
        attributes[INPUT] = short_json(given)
    return Step(name, request_id, within, attributes)
