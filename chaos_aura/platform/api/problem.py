"""An answer that is not what was asked for, always in one shape.

{"error": {"reason": "malformed", "message": "count must be a whole number from 1 to 1000, not 0", "field": "count",
           "request_id": "4f0c..."}}
"""

from collections.abc import Mapping

from pydantic import BaseModel
from starlette.responses import Response

from chaos_aura.platform.api.answers import answered


class ErrorDetail(BaseModel):
    reason: str
    message: str
    field: str | None = None
    request_id: str | None = None


class ErrorBody(BaseModel):
    error: ErrorDetail


class Problem(Exception):
    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, reason, message)
        self.status = status
        self.reason = reason
        self.message = message
        self.field = field
        self.headers = headers

    def document(self, request_id: str) -> dict[str, object]:
        told = {"reason": self.reason, "message": self.message, "field": self.field, "request_id": request_id}
        return {"error": {key: value for key, value in told.items() if value is not None}}

    def answer(self, request_id: str) -> Response:
        return answered(self.status, self.document(request_id), self.headers)


def malformed(field: str, message: str) -> Problem:
    return Problem(422, "malformed", message, field=field)


def internal(request_id: str) -> Problem:
    return Problem(500, "internal", f"something went wrong inside; the log tells what, under {request_id}")
