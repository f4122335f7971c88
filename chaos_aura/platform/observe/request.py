"""On behalf of which request something is done: OpenTelemetry's baggage carries it, through processes too."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.baggage import get_baggage, set_baggage
from opentelemetry.context import Context, attach, detach

REQUEST_ID = "request_id"


def request_id_of(context: Context | None = None) -> str:
    """Empty when it is done for nobody in particular. Without a context: the current one's."""
    carried = get_baggage(REQUEST_ID, context)
    return carried if isinstance(carried, str) else ""


def carrying(request_id: str, context: Context | None = None) -> Context:
    return set_baggage(REQUEST_ID, request_id, context)


@contextmanager
def bound(request_id: str) -> Iterator[None]:
    """Every log line and every span within bears it."""
    token = attach(carrying(request_id))
    try:
        yield
    finally:
        detach(token)
