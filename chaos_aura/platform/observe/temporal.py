"""Temporal as part of a request's trace: which of its steps are spans, and how their context travels.

The SDK's own interceptor does it, made quieter: what no request asked for leaves no span, an activity is one span where
it runs and not another of no length where it was scheduled, and an Update belongs to the trace of whoever sent it, not
to that of whoever once started the workflow.
"""

import logging
from functools import cache
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    OutboundInterceptor,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    StartWorkflowUpdateWithStartInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import (
    HandleUpdateInput,
    StartActivityInput,
    StartLocalActivityInput,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from chaos_aura.platform.observe.spans import TRACING, step

type _Headers = Any  # of strings to Payloads; the SDK's inputs differ in how they say so
_COMPONENT = "temporal"


@cache
def core_runtime() -> Runtime:
    """For `Client.connect`. Warnings of the SDK's core become log lines like any other, not text on stderr."""
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"))
    quiet = TelemetryFilter(core_level="WARN", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(quiet, forwarding=forwarding)))


class Tracing(TracingInterceptor):
    """One for `Client.connect`, after `observe.start`; workers of that client need no other."""

    def __init__(self) -> None:
        super().__init__(TRACING.tracer_of(_COMPONENT))

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        return _OnlyInTraces(super().intercept_client(next), next)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type["_TracedWorkflow"]:  # noqa: A002
        super().workflow_interceptor_class(input)
        return _TracedWorkflow


class _OnlyInTraces(OutboundInterceptor):
    """Calls that belong to no trace, such as a worker's own looks at the pool, begin none."""

    def __init__(self, traced: OutboundInterceptor, untraced: OutboundInterceptor) -> None:
        super().__init__(untraced)
        self._traced = traced

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
        return await self._chosen().start_workflow(input)

    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002
        return await self._chosen().start_workflow_update(input)

    async def start_update_with_start_workflow(
        self,
        input: StartWorkflowUpdateWithStartInput,  # noqa: A002
    ) -> WorkflowUpdateHandle[Any]:
        return await self._chosen().start_update_with_start_workflow(input)

    def _chosen(self) -> OutboundInterceptor:
        return self._traced if trace.get_current_span().get_span_context().is_valid else self.next


class _TracedWorkflow(TracingWorkflowInboundInterceptor):
    """Runs without the sandbox: it makes its spans itself."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        self.next.init(_Onwards(outbound, self))

    def handle_update_validator(self, input: HandleUpdateInput) -> None:  # noqa: A002
        self.next.handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002
        sender = self._context_in(input.headers)
        if sender is not None and not workflow.unsafe.is_replaying():
            info = workflow.info()
            with step(f"HandleUpdate:{input.update}", _COMPONENT, within=sender, workflow_id=info.workflow_id):
                pass  # a span of some length would be lost with a worker that is killed while the handler waits
        return await self.next.handle_update_handler(input)

    def onwards(self, headers: _Headers) -> _Headers:
        """With the current context, for what the workflow has done elsewhere."""
        carrier: dict[str, str] = {}
        self.text_map_propagator.inject(carrier)
        if not carrier:
            return headers
        return {**headers, self.header_key: self.payload_converter.to_payloads([carrier])[0]}

    def _context_in(self, headers: "dict[str, Payload] | Any") -> Context | None:
        if self.header_key not in headers:
            return None
        carrier = self.payload_converter.from_payloads([headers[self.header_key]])[0]
        return self.text_map_propagator.extract(carrier)


class _Onwards(WorkflowOutboundInterceptor):
    def __init__(self, outbound: WorkflowOutboundInterceptor, traced: _TracedWorkflow) -> None:
        super().__init__(outbound)
        self._traced = traced

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        input.headers = self._traced.onwards(input.headers)
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        input.headers = self._traced.onwards(input.headers)
        return super().start_local_activity(input)
