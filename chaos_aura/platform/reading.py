"""How a workflow is read without a write: by an Update that its validator refuses, with the answer as the reason.

Not by a query. One that comes to a worker which remembers an older state of that workflow can break what the client's
core (1.35) remembers: the core then keeps every later task of the workflow for itself until the process ends. Updates
take the way that all other work takes, and a refused one leaves no history either.
"""

from datetime import timedelta
from typing import Any, NoReturn

from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.converter import value_to_type
from temporalio.exceptions import ApplicationError

_TOLD = "told"


def tell(answer: object) -> NoReturn:
    """For a validator."""
    raise ApplicationError(_TOLD, answer, type=_TOLD, non_retryable=True)


async def read[Told](
    handle: WorkflowHandle[Any, Any], what: Any, kind: type[Told], within: timedelta | None = None
) -> Told:
    """`what` is the Update's method, `kind` what its validator tells."""
    try:
        await handle.execute_update(what, rpc_timeout=within)
    except WorkflowUpdateFailedError as refused:
        cause = refused.cause
        if isinstance(cause, ApplicationError) and cause.type == _TOLD:
            told: Told = value_to_type(kind, cause.details[0])
            return told
        raise
    raise TypeError(f"{what.__qualname__} was accepted, and wrote into the history of {handle.id}")
