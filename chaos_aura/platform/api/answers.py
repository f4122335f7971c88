"""JSON answers, as fast as orjson is."""

import math
from collections.abc import Mapping

import orjson
from starlette.responses import Response

_JSON = "application/json"


def answered(status: int, document: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encoded(document), status, headers, _JSON)


def encoded(document: object) -> bytes:
    return orjson.dumps(document, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def retry_after(seconds: float) -> dict[str, str]:
    """Whole seconds, and never at once: the header knows no others."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def _plain(thing: object) -> object:
    if isinstance(thing, Mapping):
        return dict(thing)
    raise TypeError(f"no JSON for {type(thing).__name__}")
