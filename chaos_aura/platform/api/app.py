"""The application: routes, refusals, documentation."""

from typing import Any

from fastapi import FastAPI, Response
from starlette.responses import HTMLResponse

from chaos_aura.platform.api.answers import encoded
from chaos_aura.platform.api.docs_page import docs_page
from chaos_aura.platform.api.refusals import add_refusals
from chaos_aura.platform.api.routes.allocations import allocation_routes, body_schema
from chaos_aura.platform.api.routes.gpus import gpu_routes
from chaos_aura.platform.api.routes.health import health_routes
from chaos_aura.platform.api.routes.listing import listing_routes
from chaos_aura.platform.api.routes.usage import usage_routes
from chaos_aura.platform.api.services import Services

_ABOUT = """Ask for GPUs, look at what became of it, give them back. A request has an id that you choose: sent again,
it is answered again, and never allocates twice. Every error has one shape, and every answer carries X-Request-Id."""
# A page of ours that names nobody else, and a browser that would not ask anybody else.
_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def make_app(services: Services) -> FastAPI:
    # Its own pages ask other hosts for their parts, and /docs is ours.
    app = FastAPI(
        title="GPU allocation",
        version="1",
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    of_each = (allocation_routes, listing_routes, gpu_routes, usage_routes, health_routes)
    routers = [routes(services) for routes in of_each]
    for router in routers:
        app.include_router(router)
    add_refusals(app, [route for router in routers for route in router.routes])
    _document(app)
    return app


def _document(app: FastAPI) -> None:
    schema = app.openapi()
    _add_body(schema)
    page, document = docs_page(schema), encoded(schema)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page, headers=_POLICY)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(document, media_type="application/json")


def _add_body(schema: dict[str, Any]) -> None:
    """FastAPI knows only of bodies that it reads itself."""
    body = body_schema()
    known = schema["components"]["schemas"]
    for name, definition in body.pop("$defs", {}).items():
        known.setdefault(name, definition)
    known["AllocationBody"] = body
