"""From the platform's own errors to answers: the one place that knows which status each has."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from chaos_aura.platform.allocation.calls import NobodyAnswers
from chaos_aura.platform.api.admission import Overloaded
from chaos_aura.platform.api.answers import retry_after
from chaos_aura.platform.api.asked import wrong
from chaos_aura.platform.api.exchange import explain, id_of
from chaos_aura.platform.api.problem import Problem, internal, malformed
from chaos_aura.platform.errors import DependencyFailed, Refused

_CONFLICT = 409
_STATUSES = {"not_found": 404, "not_yours": 403}
_TOLD_AS = {"was_refused": "already_released"}  # to a tenant it is the same: there is nothing left to give back
_WORDS = {404: "no_such_page", 405: "method_not_allowed"}


def add_refusals(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _as_it_is)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Overloaded, _overloaded)
    app.add_exception_handler(DependencyFailed, _away)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _by_framework)
    app.add_exception_handler(Exception, _internal)


async def _as_it_is(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.answer(id_of(request))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    reason = _TOLD_AS.get(error.reason, error.reason)
    return Problem(_STATUSES.get(error.reason, _CONFLICT), reason, error.why).answer(id_of(request))


async def _overloaded(request: Request, error: Exception) -> Response:
    assert isinstance(error, Overloaded)
    headers = retry_after(error.retry_after_s)
    return Problem(503, "overloaded", str(error), headers=headers).answer(id_of(request))


async def _away(request: Request, error: Exception) -> Response:
    assert isinstance(error, DependencyFailed)
    headers = retry_after(error.retry_after_s)
    explain(request, str(error))
    if isinstance(error, NobodyAnswers):
        problem = Problem(503, "nobody_answers", "no worker has answered in time; ask again later", headers=headers)
    else:
        message = f"{error.where} cannot be reached now; ask again later"
        problem = Problem(503, f"{error.where}_away", message, headers=headers)
    return problem.answer(id_of(request))


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return malformed(field, wrong(field, first["input"])).answer(id_of(request))


async def _by_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = _WORDS.get(error.status_code, "refused")
    message = f"{request.method} {request.url.path}: {str(error.detail).lower()}; see /docs"
    return Problem(error.status_code, reason, message, headers=error.headers).answer(id_of(request))


async def _internal(request: Request, error: Exception) -> Response:
    return internal(id_of(request)).answer(id_of(request))
