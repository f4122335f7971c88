"""Asking for GPUs, looking at what was asked, giving them back."""

from typing import Any

from fastapi import APIRouter, Request, Response

from chaos_aura.platform.allocation.orders import Answer
from chaos_aura.platform.api.answers import answered, retry_after
from chaos_aura.platform.api.asked import AllocationBody, read_body
from chaos_aura.platform.api.exchange import name_after
from chaos_aura.platform.api.parameters import AllocationId, AskingTenant, only_query
from chaos_aura.platform.api.problem import ErrorBody, Problem
from chaos_aura.platform.api.services import Services
from chaos_aura.platform.api.views import AllocationView, view_of
from chaos_aura.platform.errors import Refused
from chaos_aura.platform.model import Allocation, State
from chaos_aura.platform.observe.logs import bound

WAIT_S = 5.0
_READ_WITHIN_S = 2.0
_SOON_S = 1.0

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AllocationBody"}}},
    }
}
_STORY: dict[str, Any] = {"model": AllocationView}
_ERROR: dict[str, Any] = {"model": ErrorBody}
_ASKED: dict[int | str, dict[str, Any]] = {
    201: {**_STORY, "description": "allocated"},
    200: {**_STORY, "description": "a repeated request: what it was answered before"},
    202: {**_STORY, "description": "begun, and not decided yet: look again at Location after Retry-After"},
    409: {
        **_ERROR,
        "description": "refused: no_capacity, over_budget, council_said_no, cancelled, failed, or request_id_conflict",
    },
    413: {**_ERROR, "description": "the body is too large"},
    422: {**_ERROR, "description": "malformed: `field` is what is wrong"},
    503: {**_ERROR, "description": "temporal_away or overloaded: the same request again after Retry-After"},
}
_LOOKED: dict[int | str, dict[str, Any]] = {
    200: {**_STORY, "description": "its story so far"},
    404: {**_ERROR, "description": "unknown"},
    422: {**_ERROR, "description": "malformed"},
    503: {**_ERROR, "description": "it cannot be known now"},
}
_GIVEN_BACK: dict[int | str, dict[str, Any]] = {
    200: {**_STORY, "description": "given back"},
    403: {**_ERROR, "description": "it belongs to another tenant"},
    404: {**_ERROR, "description": "unknown"},
    409: {**_ERROR, "description": "already_released, or was_refused: it holds nothing"},
    422: {**_ERROR, "description": "malformed, or no tenant named"},
    503: {**_ERROR, "description": "temporal_away, nobody_answers or overloaded: again after Retry-After"},
}


def allocation_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["allocations"])

    @router.post(
        "/allocations",
        summary="Ask for GPUs",
        status_code=201,
        responses=_ASKED,
        openapi_extra=_BODY,
        dependencies=[only_query()],
    )
    async def allocate(request: Request) -> Response:
        """Answered as soon as it is decided, and within some seconds in any case. The council and the pool decide."""
        asked = read_body(await request.body())
        name_after(request, asked.request_id)
        with bound(asked.request_id):
            async with services.admission.allocations.place() as visit:
                answer = await services.allocations.allocate(asked, WAIT_S)
                visit.has_answer = answer.allocation.state is not State.PENDING
                return _told(answer)

    @router.get(
        "/allocations/{allocation_id}", summary="One allocation's story", responses=_LOOKED, dependencies=[only_query()]
    )
    async def look(request: Request, allocation_id: AllocationId) -> Response:
        """With its votes, its price, its GPUs."""
        name_after(request, allocation_id)
        with bound(allocation_id):
            async with services.admission.readings.place():
                return answered(200, view_of(await _read(services, allocation_id)))

    @router.delete(
        "/allocations/{allocation_id}",
        summary="Give GPUs back",
        responses=_GIVEN_BACK,
        dependencies=[only_query("tenant")],
    )
    async def release(request: Request, allocation_id: AllocationId, tenant: AskingTenant) -> Response:
        """Only its own tenant may. One that is not decided yet goes back as soon as it is."""
        name_after(request, allocation_id)
        with bound(allocation_id):
            async with services.admission.releases.place():
                return answered(200, view_of(await _release(services, allocation_id, tenant)))

    return router


def body_schema() -> dict[str, Any]:
    return AllocationBody.model_json_schema(ref_template="#/components/schemas/{model}")


def _told(answer: Answer) -> Response:
    allocation = answer.allocation
    if allocation.state is State.PENDING:
        return _come_again(allocation)
    if allocation.state is State.REFUSED:
        raise _refusal(allocation)
    return answered(201 if answer.created else 200, view_of(allocation), _location(allocation))


def _refusal(allocation: Allocation) -> Problem:
    decision = allocation.decision
    if decision is None or decision.reason is None:
        raise ValueError(f"{allocation.allocation_id} is refused without a reason")
    return Problem(409, decision.reason, decision.detail, headers=_location(allocation))


def _come_again(allocation: Allocation) -> Response:
    return answered(202, view_of(allocation), {**_location(allocation), **retry_after(_SOON_S)})


def _location(allocation: Allocation) -> dict[str, str]:
    return {"Location": f"/allocations/{allocation.allocation_id}"}


async def _read(services: Services, allocation_id: str) -> Allocation:
    try:
        return await services.allocations.read(allocation_id, _READ_WITHIN_S)
    except Refused as refused:
        return await _recorded_after(refused, services, allocation_id)


async def _release(services: Services, allocation_id: str, tenant: str) -> Allocation:
    try:
        return await services.allocations.release(allocation_id, tenant, WAIT_S)
    except Refused as refused:
        recorded = await _recorded_after(refused, services, allocation_id)
    if recorded.request.tenant != tenant:
        raise Refused("allocation", "not_yours", "it belongs to another tenant")
    if recorded.state is State.REFUSED:
        raise Refused("allocation", "was_refused", "it was refused: it holds nothing")
    why = recorded.release_reason or "its workflow has ended"
    raise Refused("allocation", "already_released", f"it is over: {why}")


async def _recorded_after(refused: Refused, services: Services, allocation_id: str) -> Allocation:
    """Temporal forgets what ended long ago, and knows little of what was ended by force. Neo4j knows both."""
    if refused.reason not in ("not_found", "failed"):
        raise refused
    recorded = await services.recorded(allocation_id)
    if recorded is None:
        raise refused
    return recorded
