"""A council agent that hurts, and more requests than can be served: tenants get answers, and nothing is lost."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from awaiting import wait_until
from books import api_url, page
from tenants import Load

from chaos_aura.stack.running import RunningStack

pytestmark = pytest.mark.alone

_WITHIN_S = 60
_GRANTED, _COME_AGAIN = (200, 201), (202, 503)  # the latter of a machine that is slow for a moment
_AGENTS = ("lnn_cost_optimizer", "lnn_fairness_enforcer", "lnn_performance_predictor")


@contextmanager
def flags(stack: RunningStack, **thrown: object) -> Iterator[None]:
    path = stack.project.home / "flags.json"
    path.write_text(json.dumps(thrown), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink()


def decision(stack: RunningStack) -> dict[str, object]:
    """Of a fresh small request, which is granted and given back."""
    request_id = f"council-{uuid.uuid4()}"
    body = {"request_id": request_id, "tenant": request_id, "gpu_type": "t4", "count": 1, "hours": 1}

    def answer() -> dict[str, object]:
        told = httpx.post(f"{api_url(stack)}/allocations", json=body, timeout=20)
        assert told.status_code in (*_GRANTED, *_COME_AGAIN), told.text
        return dict(told.json()["decision"]) if told.status_code in _GRANTED else {}

    found = wait_until(answer, _WITHIN_S, f"{request_id} is granted")
    httpx.delete(f"{api_url(stack)}/allocations/{request_id}", headers={"X-Tenant": request_id}, timeout=20)
    return found


@pytest.mark.parametrize("agent", _AGENTS)
@pytest.mark.parametrize("hurt", ["failing", "slow"])
def test_the_other_two_decide(stack: RunningStack, agent: str, hurt: str) -> None:
    thrown = {"failing_agents": [agent]} if hurt == "failing" else {"agent_delays_s": {agent: 4}}  # its deadline is 2 s

    def decided() -> tuple[object, set[str], set[str]]:
        told = decision(stack)
        return told["decided_by"], {vote["agent"] for vote in told["votes"]}, set(told["absent"])

    with flags(stack, **thrown):
        wait_until(lambda: decided() == ("majority", set(_AGENTS) - {agent}, {agent}), _WITHIN_S, f"{agent} is absent")
    wait_until(lambda: decided() == ("majority", set(_AGENTS), set()), _WITHIN_S, f"{agent} votes again")


def test_below_two_votes_the_fallback_rule_decides_and_says_so(stack: RunningStack) -> None:
    with flags(stack, failing_agents=list(_AGENTS[:2])):
        told = wait_until(lambda: (now := decision(stack))["decided_by"] == "fallback" and now, _WITHIN_S, "fallback")
        assert set(told["absent"]) == set(_AGENTS[:2])
        assert told["outcome"] == "approved"
    wait_until(lambda: decision(stack)["decided_by"] == "majority", _WITHIN_S, "the council is whole again")


def held_by_burst(stack: RunningStack) -> set[str]:
    holders = page(stack, "/gpus")["holders"]
    return {holder["allocation_id"] for holder in holders if holder["allocation_id"].startswith("burst-")}


@pytest.mark.timeout(300)
def test_beyond_its_capacity_it_sends_away_at_once_and_serves_the_rest(
    stack: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None]
) -> None:
    """A burst beside a modest load: each of the burst gets an answer, some 503, and the load goes on afterwards."""

    async def burst() -> list[httpx.Response]:
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=300)) as client:
            asked = [
                client.post(
                    f"{api_url(stack)}/allocations",
                    json={
                        "request_id": f"burst-{uuid.uuid4()}",
                        "tenant": f"burst-{number % 7}",
                        "gpu_type": "t4",
                        "count": 1,
                        "hours": 0.002,
                    },
                )
                for number in range(250)
            ]
            return await asyncio.gather(*asked)

    with load(2.0) as tenants:
        tenants.wait_for_grants(3)
        answers = asyncio.run(burst())
        counted = Counter(answer.status_code for answer in answers)
        assert set(counted) <= {201, 202, 409, 503}, counted
        assert counted[503] > 0, counted
        assert counted[201] + counted[202] > 0, counted
        sent_away = [answer for answer in answers if answer.status_code == 503]
        assert "overloaded" in {answer.json()["error"]["reason"] for answer in sent_away}
        assert all(1 <= int(answer.headers["Retry-After"]) <= 3 for answer in sent_away)
        tenants.wait_for_grants(5, within_s=60)
    all_is_right(tenants)
    wait_until(lambda: not held_by_burst(stack), 60, "all that the burst got is given back when its time is over")
