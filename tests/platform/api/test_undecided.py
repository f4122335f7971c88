"""What admission learns from a request that nobody decided while its tenant waited: asked by HTTP, in virtual time."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from virtual_time import run_virtually

from chaos_aura.platform.allocation.orders import Answer
from chaos_aura.platform.api.admission import Admission, Limits
from chaos_aura.platform.api.app import make_app
from chaos_aura.platform.api.services import Services
from chaos_aura.platform.model import Allocation, AllocationRequest, State

_PLACES, _LATE_S = 4, 1.0
_ASKED = {"tenant": "acme", "gpu_type": "a100", "count": 1, "hours": 1}


class Slow:
    """Late with whatever it says, but for those who are in a hurry."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def allocate(self, request: AllocationRequest, wait_s: float) -> Answer:
        is_hurried = request.request_id == "hurried"
        await asyncio.sleep(0.1 if is_hurried else 3 * _LATE_S)
        return Answer(Allocation(request, state=State.RELEASED if is_hurried else self._state), created=True)


def at_once_after(state: State, *names: str, late: str = "") -> int:
    """How many are let in when these have been answered, who asked together, and one who came a little later."""

    async def come() -> int:
        admission = Admission(Limits(in_flight=_PLACES, queue=0, wait_s=0, least=1, late_s=_LATE_S))
        app = make_app(cast(Services, SimpleNamespace(allocations=Slow(state), admission=admission)))

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": {}}, receive, send)

        transport = httpx.ASGITransport(cast(Any, served))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:

            async def ask(name: str) -> httpx.Response:
                await asyncio.sleep(_LATE_S / 2 if name == late else 0)
                return await client.post("/allocations", json={**_ASKED, "request_id": name})

            answers = await asyncio.gather(*(ask(name) for name in (*names, late) if name))
        assert {answer.status_code for answer in answers} <= {201, 202}, [answer.text for answer in answers]
        return admission.allocations.at_once

    return run_virtually(come())


@pytest.mark.parametrize("state", [State.PENDING, State.GRANTED])
def test_fewer_are_let_in_when_answers_come_late_but_not_when_nobody_is_there_to_give_any(state: State) -> None:
    is_answered = state is not State.PENDING
    assert at_once_after(state, "a", "b", "c", "d") == (_PLACES // 2 if is_answered else _PLACES)


def test_who_waits_in_vain_while_another_is_answered_came_too_many() -> None:
    assert at_once_after(State.PENDING, "hurried", "a", "b", "c", late="d") == _PLACES // 2
    assert at_once_after(State.PENDING, "hurried", "a", "b", "c") == _PLACES, "a place was free when they gave up"
