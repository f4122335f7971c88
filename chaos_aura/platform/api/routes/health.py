"""For machines that watch: alive, ready, measured. Nothing here waits for anything."""

import time
from typing import Any

from fastapi import APIRouter, Response

from chaos_aura.platform.api.answers import answered, retry_after
from chaos_aura.platform.api.readiness import Status
from chaos_aura.platform.api.services import Services
from chaos_aura.platform.api.views import ReadinessView
from chaos_aura.platform.observe import metrics

_LOOK_AGAIN_S = 1.0
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": ReadinessView, "description": "ready, or degraded: something but Temporal is away"},
    503: {"model": ReadinessView, "description": "away: Temporal is"},
}


def health_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", summary="Alive, and the time by its own clock")
    async def alive() -> Response:
        return answered(200, {"status": "alive", "now": time.time()})

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", summary="Ready, and how each dependency is", responses=_RESPONSES)
    async def ready() -> Response:
        document = services.readiness.document()
        if document["status"] is Status.AWAY:
            return answered(503, document, retry_after(_LOOK_AGAIN_S))
        return answered(200, document)

    @router.get("/metrics", summary="For Prometheus")
    async def measured() -> Response:
        body, content_type = metrics.exposition()
        return Response(body, headers={"Content-Type": content_type})

    return router
