"""What a tenant has used so far."""

from typing import Any

from fastapi import APIRouter, Response

from chaos_aura.platform.api.answers import answered
from chaos_aura.platform.api.parameters import Tenant, only_query
from chaos_aura.platform.api.problem import ErrorBody
from chaos_aura.platform.api.services import Services
from chaos_aura.platform.projection.usage import Usage

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Usage, "description": "as far as the events have been counted; nothing for an unknown tenant"},
    422: {"model": ErrorBody, "description": "malformed"},
    503: {"model": ErrorBody, "description": "redis_away"},
}


def usage_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["tenants"])

    @router.get(
        "/tenants/{tenant}/usage", summary="What a tenant has used", responses=_RESPONSES, dependencies=[only_query()]
    )
    async def usage(tenant: Tenant) -> Response:
        """Counted from the events, so it may be a moment behind."""
        async with services.admission.readings.place():
            return answered(200, await services.usage_of(tenant))

    return router
