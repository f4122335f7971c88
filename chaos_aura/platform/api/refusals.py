"""From the platform's own errors to answers: the one place that knows which status each has."""

from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from chaos_aura.platform.allocation.calls import NobodyAnswers
from chaos_aura.platform.api.admission import Overloaded
from chaos_aura.platform.api.answers import retry_after
from chaos_aura.platform.api.asked import wrong
from chaos_aura.platform.api.exchange import explain, id_of
from chaos_aura.platform.api.problem import Problem, internal, malformed
from chaos_aura.platform.errors import DependencyFailed, Refused

_CONFLICT = 409
_NOT_ALLOWED = 405
_STATUSES = {"not_found": 404, "not_yours": 403}
_WORDS = {404: "no_such_page", 405: "method_not_allowed"}


def add_refusals(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """`routes` are those of the routers, which the application itself does not tell."""
    app.add_exception_handler(Problem, _as_it_is)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Overloaded, _overloaded)
    app.add_exception_handler(DependencyFailed, _away)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, partial(_by_framework, routes))
    app.add_exception_handler(Exception, _internal)


async def _as_it_is(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.answer(id_of(request))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return Problem(_STATUSES.get(error.reason, _CONFLICT), error.reason, error.why).answer(id_of(request))


async def _overloaded(request: Request, error: Exception) -> Response:
    assert isinstance(error, Overloaded)
    headers = retry_after(error.retry_after_s)
    return Problem(503, "overloaded", str(error), headers=headers).answer(id_of(request))


async def _away(request: Request, error: Exception) -> Response:
    assert isinstance(error, DependencyFailed)
    explain(request, str(error))
    return problem_of(error).answer(id_of(request))


def problem_of(error: DependencyFailed) -> Problem:
    headers = retry_after(error.retry_after_s)
    if isinstance(error, NobodyAnswers):
        message = "no worker has answered in time; a release may still be carried out: ask again later"
        return Problem(503, "nobody_answers", message, headers=headers)
    message = f"{error.where} cannot be reached now; ask again later"
    return Problem(503, f"{error.where}_away", message, headers=headers)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return malformed(field, wrong(field, first["input"])).answer(id_of(request))


async def _by_framework(routes: Sequence[BaseRoute], request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = _WORDS.get(error.status_code, "refused")
    message = f"{request.method} {request.url.path}: {str(error.detail).lower()}; see /docs"
    headers = _allowed(routes, request) if error.status_code == _NOT_ALLOWED else error.headers
    return Problem(error.status_code, reason, message, headers=headers).answer(id_of(request))


def _allowed(routes: Sequence[BaseRoute], request: Request) -> dict[str, str]:
    """By all routes of that path: the framework tells only of the first."""
    of_that_path = [route for route in (*routes, *request.app.routes) if isinstance(route, Route)]
    of_that_path = [route for route in of_that_path if route.matches(request.scope)[0] is not Match.NONE]
    return {"Allow": ", ".join(sorted({method for route in of_that_path for method in route.methods or ()}))}


async def _internal(request: Request, error: Exception) -> Response:
    return internal(id_of(request)).answer(id_of(request))
