"""Temporal: a list of the default namespace's workflows, and the server's version, by gRPC."""

from chaos_aura.core.address import Address
from chaos_aura.pings.cursor import as_text
from chaos_aura.pings.grpc import asked
from chaos_aura.pings.pong import Pong, counted
from chaos_aura.pings.protobuf import short_text, sized_fields, small_number
from chaos_aura.pings.refusal import Garbled
from chaos_aura.pings.wire import connected

SERVICE = "temporal.api.workflowservice.v1.WorkflowService"
SYSTEM, LIST = "GetSystemInfo", "ListWorkflowExecutions"
PAGE_SIZE = 10
FIRST_PAGE = short_text(1, "default") + small_number(2, PAGE_SIZE)  # namespace, page_size


def ping(address: Address, timeout_s: float) -> Pong:
    with connected("temporal", address, timeout_s) as wire:
        messages = asked(wire, address, SERVICE, {SYSTEM: b"", LIST: FIRST_PAGE})
        return Pong(wire.elapsed_s, _version(messages[SYSTEM]), _summary(messages[LIST]))


def _version(system_info: bytes) -> str:
    for number, content in sized_fields(system_info):
        if number == 1:
            return as_text(content)
    raise Garbled(f"{SYSTEM} does not tell the server's version")


def _summary(page: bytes) -> str:
    listed = sum(1 for number, _ in sized_fields(page) if number == 1)
    return f"{PAGE_SIZE} or more workflows" if listed >= PAGE_SIZE else counted(listed, "workflow")
