"""Failures that are expected: tried again, and told without a traceback."""

import asyncio
import traceback
from collections.abc import Callable
from typing import Any, cast

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from chaos_aura.platform.allocation.activities import Activities
from chaos_aura.platform.errors import DependencyAway
from chaos_aura.platform.pool.orders import ReleaseOrder

_FROM_FAR_BELOW = "raised_far_below"
_FINAL = ApplicationError("never again", type="final", non_retryable=True)


class _Pool:
    """Fails as it is told."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    async def release(self, order: ReleaseOrder) -> int:
        return self.raised_far_below()

    def raised_far_below(self) -> int:
        raise self._failure


def _told(failure: Exception) -> ApplicationError:
    activities = Activities(cast(Any, None), cast(Any, _Pool(failure)), cast(Any, None))

    async def give_back() -> object:
        run: Callable[..., Any] = ActivityEnvironment().run
        return await run(activities.give_back, ReleaseOrder("one"))

    with pytest.raises(ApplicationError) as told:
        asyncio.run(give_back())
    return told.value


@pytest.mark.parametrize(
    "failure",
    [RPCError("nobody is there", RPCStatusCode.UNAVAILABLE, b""), DependencyAway("neo4j", "nobody is there")],
    ids=lambda failure: type(failure).__name__,
)
def test_it_is_told_short_and_tried_again(failure: Exception) -> None:
    told = _told(failure)
    assert "nobody is there" in str(told)
    assert (told.type, told.category) == (type(failure).__name__, ApplicationErrorCategory.BENIGN)
    assert not told.non_retryable
    assert _FROM_FAR_BELOW not in "".join(traceback.format_exception(told))


def test_what_is_final_stays_so() -> None:
    assert _told(_FINAL) is _FINAL
