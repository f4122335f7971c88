"""Lists of allocations: each state from whoever knows it first."""

import asyncio
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request, Response

from chaos_aura.platform.allocation.calls import NobodyAnswers
from chaos_aura.platform.api.answers import answered
from chaos_aura.platform.api.exchange import explain
from chaos_aura.platform.api.parameters import DEFAULT_LIMIT, Limit, WantedState, only_query
from chaos_aura.platform.api.problem import ErrorBody
from chaos_aura.platform.api.refusals import problem_of
from chaos_aura.platform.api.services import Services
from chaos_aura.platform.api.views import AllocationList, ListedAllocation, held, listed
from chaos_aura.platform.errors import DependencyFailed, Refused
from chaos_aura.platform.model import State

_READ_WITHIN_S = 2.0
_LINE_WITHIN_S = 0.5
_AT_ONCE = 16
# Pending ones are seconds old, and visibility tells the youngest first.
_MOST_RUNNING = 2000
_MOST_LOOKED_AT = 200
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": AllocationList, "description": "at most `limit` of each state"},
    422: {"model": ErrorBody, "description": "malformed"},
    503: {"model": ErrorBody, "description": "whoever knows of that state is away"},
}


def listing_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["allocations"])

    @router.get(
        "/allocations",
        summary="Many allocations in short",
        responses=_RESPONSES,
        dependencies=[only_query("state", "limit")],
    )
    async def listing(request: Request, state: WantedState = None, limit: Limit = DEFAULT_LIMIT) -> Response:
        """Granted ones from the pool, pending ones from Temporal, refused and released ones from Neo4j."""
        async with services.admission.readings.place():
            if state is not None:
                return answered(200, {"allocations": await _in_state(services, state, limit), "incomplete": {}})
            return answered(200, await _in_all_states(request, services, limit))

    return router


async def _in_all_states(request: Request, services: Services, limit: int) -> dict[str, object]:
    """As much of it as can be known now."""
    found = await asyncio.gather(*(_in_state(services, state, limit) for state in State), return_exceptions=True)
    lines: list[ListedAllocation] = []
    incomplete: dict[State, str] = {}
    for state, part in zip(State, found, strict=True):
        if isinstance(part, DependencyFailed):
            incomplete[state] = problem_of(part).message
        elif isinstance(part, BaseException):
            raise part
        else:
            lines += part
    if incomplete:
        explain(request, "; ".join(str(part) for part in found if isinstance(part, DependencyFailed)))
    return {"allocations": lines, "incomplete": incomplete}


async def _in_state(services: Services, state: State, limit: int) -> list[ListedAllocation]:
    match state:
        case State.GRANTED:
            return held((await services.allocations.pool_view(_READ_WITHIN_S)).holders)[:limit]
        case State.PENDING:
            return await _pending(services, limit)
        case _:
            return [listed(each) for each in await services.listed(state, limit)]


async def _pending(services: Services, limit: int) -> list[ListedAllocation]:
    """Whoever holds GPUs runs too, and so does whoever still waits for a store: only the asked one knows."""
    running, view = await asyncio.gather(
        services.allocations.pending(_MOST_RUNNING), services.allocations.pool_view(_READ_WITHIN_S)
    )
    holders = {each.allocation_id for each in view.holders}
    found = await _looked_at(services, [each for each in running if each not in holders][:_MOST_LOOKED_AT])
    return [each for each in found if each.state is State.PENDING][:limit]


async def _looked_at(services: Services, allocation_ids: list[str]) -> list[ListedAllocation]:
    """In the same order, without those that Temporal has forgotten since. The first failure ends it."""
    free = asyncio.Semaphore(_AT_ONCE)
    found: dict[str, ListedAllocation] = {}

    async def look(allocation_id: str) -> None:
        async with free:
            with suppress(Refused):
                found[allocation_id] = await _line_of(services, allocation_id)

    try:
        async with asyncio.TaskGroup() as looking:
            for each in allocation_ids:
                looking.create_task(look(each))
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    return [found[each] for each in allocation_ids if each in found]


async def _line_of(services: Services, allocation_id: str) -> ListedAllocation:
    """One that is being decided at this moment does not answer until it is."""
    try:
        return listed(await services.allocations.read(allocation_id, _LINE_WITHIN_S))
    except NobodyAnswers:
        return ListedAllocation(allocation_id, State.PENDING)
