"""What there is, what is free, and who holds what."""

from typing import Any

from fastapi import APIRouter, Response

from chaos_aura.platform.api.answers import answered
from chaos_aura.platform.api.parameters import only_query
from chaos_aura.platform.api.problem import ErrorBody
from chaos_aura.platform.api.services import Services
from chaos_aura.platform.pool.orders import PoolView

_READ_WITHIN_S = 2.0
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": PoolView, "description": "as the pool itself knows it at this moment"},
    422: {"model": ErrorBody, "description": "malformed"},
    503: {"model": ErrorBody, "description": "the pool cannot be asked now"},
}


def gpu_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["GPUs"])

    @router.get("/gpus", summary="The inventory and its holders", responses=_RESPONSES, dependencies=[only_query()])
    async def gpus() -> Response:
        """Free and held GPUs make the total, always."""
        async with services.admission.readings.place():
            return answered(200, await services.allocations.pool_view(_READ_WITHIN_S))

    return router
