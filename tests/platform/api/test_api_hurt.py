"""The API while something that it needs is away, and when it is ended itself."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from awaiting import wait_until
from hurting import paused, process_of, runs_anew
from living import answer_and_its_time
from proxies import cut
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from tenant import Tenant, tenant_of

from chaos_aura.stack.running import RunningStack

WITHIN_S = 120.0
DRAIN_S = 8.0  # of the API that ends: then it cuts off whom it serves


@pytest.fixture
def tenant(stack: RunningStack) -> Iterator[Tenant]:
    with tenant_of(stack.catalogue.service("api").uri) as one:
        yield one


@contextmanager
def slow_council(stack: RunningStack, seconds: float) -> Iterator[None]:
    agents = ("lnn_cost_optimizer", "lnn_fairness_enforcer", "lnn_performance_predictor")
    flags = stack.project.home / "flags.json"
    flags.write_text(json.dumps({"agent_delays_s": dict.fromkeys(agents, seconds)}), encoding="utf-8")
    try:
        yield
    finally:
        flags.unlink()


def test_without_temporal_it_says_so_soon_and_grants_again_when_it_is_back(stack: RunningStack, tenant: Tenant) -> None:
    with cut(stack, "api.temporal"):
        for _ in range(8):  # also those before the breaker opens
            answer, took_s = answer_and_its_time(str(tenant.http.base_url), "POST", "/allocations", tenant.request())
            assert took_s < 4.5  # for a decision it would wait 5
            assert answer.status_code == 503, answer.text
            assert answer.json()["error"]["reason"] == "temporal_away"
            assert int(answer.headers["retry-after"]) >= 1
        away = wait_until(lambda: _ready_status(tenant, 503), WITHIN_S, "that it is not ready")
        assert away.json()["status"] == "away"
        assert int(away.headers["retry-after"]) >= 1
        assert tenant.http.get("/healthz").status_code == 200
        wait_until(lambda: _lists_refused(tenant), WITHIN_S, "what needs no Temporal is answered")
    wait_until(tenant.is_ready, WITHIN_S, "an API that is ready again")
    assert tenant.granted()["state"] == "granted"


def _lists_refused(tenant: Tenant) -> bool:
    """On a busy machine Neo4j may take longer for its first list than the API waits."""
    return tenant.http.get("/allocations", params={"state": "refused"}).status_code == 200


@pytest.mark.parametrize(
    ("store", "path"), [("neo4j", "/allocations?state=refused"), ("redis", "/tenants/acme/usage"), ("kafka", None)]
)
def test_without_a_store_it_is_degraded_and_goes_on(
    stack: RunningStack, tenant: Tenant, store: str, path: str | None
) -> None:
    with cut(stack, f"api.{store}"):
        wait_until(lambda: _without(tenant) == [store], WITHIN_S, f"that {store} is away, and nothing else")
        granted = tenant.granted()
        tenant.given_back(granted["allocation_id"])
        if path:
            answer = tenant.http.get(path)
            assert (answer.status_code, answer.json()["error"]["reason"]) == (503, f"{store}_away")
    wait_until(tenant.is_ready, WITHIN_S, "an API that is ready again")
    if path:
        assert tenant.known(lambda: tenant.http.get(path)).status_code == 200


def test_while_nobody_works_a_request_is_pending_and_granted_later(stack: RunningStack, tenant: Tenant) -> None:
    request = tenant.request(count=2)
    request_id = request["request_id"]

    def state() -> dict[str, Any] | None:
        told = tenant.look(request_id).json()
        return dict(told) if told.get("state") == "granted" else None

    with paused(stack, "worker"), ThreadPoolExecutor() as side_by_side:
        answer = tenant.known(lambda: tenant.http.post("/allocations", json=request))
        assert answer.status_code == 202, answer.text
        assert answer.json()["state"] == "pending"
        assert answer.json()["allocation_id"] == request_id
        assert answer.headers["location"] == f"/allocations/{request_id}"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["requested_at_ms"] is None
        wait_until(lambda: _without(tenant) == ["worker"], WITHIN_S, "degraded without its worker")
        unanswered = _told_by_temporal(lambda: tenant.look(request_id))
        assert (unanswered.status_code, unanswered.json()["error"]["reason"]) == (503, "nobody_answers")
        wait_until(lambda: _goes_on_without_answers(tenant, side_by_side), WITHIN_S, "one more that is taken in")
    granted = wait_until(state, WITHIN_S, "the pending one granted")
    assert len(granted["grant"]["gpu_ids"]) == 2


def _goes_on_without_answers(tenant: Tenant, side_by_side: ThreadPoolExecutor) -> bool:
    """Temporal is there: its breaker must not open for those who do not work. It may for a Temporal that the machine
    holds up: then all of it is asked again."""
    lists = list(side_by_side.map(tenant.http.get, ["/gpus", "/allocations?state=pending"] * 4))
    told = {(each.status_code, each.json()["error"]["reason"]) for each in lists}
    assert told <= {(503, "nobody_answers"), (503, "temporal_away")}
    return told == {(503, "nobody_answers")} and tenant.ask().status_code == 202


def _told_by_temporal(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """One that the machine keeps waiting for a second is taken for away."""

    def answer() -> httpx.Response | None:
        told = ask()
        return None if told.json().get("error", {}).get("reason") == "temporal_away" else told

    return wait_until(answer, WITHIN_S, "an answer of Temporal")


def test_what_is_not_decided_yet_is_listed_as_pending(stack: RunningStack, tenant: Tenant) -> None:
    held = tenant.granted()["allocation_id"]
    seen: list[dict[str, Any]] = []

    def is_listed() -> bool:
        """Or it was decided before anybody looked: the council may not take longer than two seconds."""
        request = tenant.request()
        answer = side_by_side.submit(tenant.known, lambda: tenant.http.post("/allocations", json=request))
        while not answer.done():
            listed = tenant.listed("pending")
            assert held not in listed
            seen.extend(line for key, line in listed.items() if key == request["request_id"])
        assert answer.result().status_code in (200, 201, 202), answer.result().text  # 200 is who had to ask again
        return bool(seen)

    with slow_council(stack, 1.5), ThreadPoolExecutor() as side_by_side:
        wait_until(is_listed, WITHIN_S, "one that is listed before it is decided")
    assert {line["state"] for line in seen} == {"pending"}
    wait_until(lambda: not set(tenant.asked) & set(tenant.listed("pending")), WITHIN_S, "that all are decided")


def test_given_back_several_times_before_it_is_decided_each_is_told_the_end(
    stack: RunningStack, tenant: Tenant
) -> None:
    """Nobody hears that it has been released before it is: the first answer may have been lost."""

    def told() -> list[httpx.Response]:
        """Nothing if one of them waited in vain, or came late: on a busy machine the worker may be slow to wake up."""
        request = tenant.request()
        request_id = request["request_id"]
        with ThreadPoolExecutor() as side_by_side:
            with paused(stack, "worker"):
                side_by_side.submit(tenant.known, lambda: tenant.http.post("/allocations", json=request))
                wait_until(lambda: has_begun(stack, request_id), WITHIN_S, "the beginning of its workflow")
                given_back = [side_by_side.submit(tenant.give_back, request_id) for _ in range(3)]
                _wait_until_under_way(tenant, given_back, "releases")
            answers = [each.result() for each in given_back]
        statuses = {each.status_code for each in answers}
        assert statuses <= {200, 409, 503}, [each.text for each in answers]
        tenant.end(request_id)
        return answers if statuses == {200} else []

    answers = wait_until(told, WITHIN_S, "the end is told to each")
    assert {each.json()["state"] for each in answers} <= {"refused", "released"}
    assert tenant.holds() == set()


def test_told_to_end_it_answers_whom_it_serves_and_comes_back(stack: RunningStack, tenant: Tenant) -> None:
    def all_are_answered() -> bool:
        """False if a busy machine has kept them from being under way all at once, or from an answer in time."""
        former, requests = process_of(stack, "api"), [tenant.request() for _ in range(4)]
        with paused(stack, "worker"), ThreadPoolExecutor() as side_by_side:
            answers = [side_by_side.submit(tenant.http.post, "/allocations", json=each) for each in requests]
            if not _wait_until_under_way(tenant, answers):
                return False
            told_s = time.monotonic()
            os.kill(former.pid, signal.SIGTERM)
            futures.wait(answers)
            took_s = time.monotonic() - told_s
        wait_until(lambda: runs_anew(stack, "api", former), WITHIN_S, "another process")
        wait_until(tenant.is_ready, WITHIN_S, "an API that is ready again")
        assert stack.supervisor.children()["api"].last_end.endswith("0")
        if took_s >= DRAIN_S:
            return False
        statuses = [answer.result().status_code for answer in answers]
        assert set(statuses) <= {202, 503}, [answer.result().text for answer in answers]
        return statuses == [202] * 4

    wait_until(all_are_answered, WITHIN_S, "an answer for each of the four")


def _wait_until_under_way(
    tenant: Tenant, calls: "list[futures.Future[httpx.Response]]", lane: str = "allocations"
) -> bool:
    """Whether they were all at once; not if one has already ended."""

    def are_or_were() -> bool:
        return _in_flight(tenant, lane) == len(calls) or any(each.done() for each in calls)

    wait_until(are_or_were, WITHIN_S, f"{len(calls)} under way")
    return not any(each.done() for each in calls)


def _ready_status(tenant: Tenant, status: int) -> httpx.Response | None:
    answer = tenant.http.get("/readyz")
    return answer if answer.status_code == status else None


def _without(tenant: Tenant) -> list[str]:
    """What does not answer."""
    answer = tenant.http.get("/readyz")
    told = answer.json()
    away = [name for name, each in told["dependencies"].items() if not each["answers"]]
    expected = (503, "away") if "temporal" in away else (200, "degraded" if away else "ready")
    assert (answer.status_code, told["status"]) == expected, answer.text
    return away


def has_begun(stack: RunningStack, request_id: str) -> bool:
    async def look() -> bool:
        client = await Client.connect(str(stack.catalogue.service("temporal").address))
        try:
            await client.get_workflow_handle(f"allocation-{request_id}").describe()
        except RPCError as failed:
            if failed.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True

    return asyncio.run(look())


def _in_flight(tenant: Tenant, lane: str = "allocations") -> int:
    told = httpx.get(f"{tenant.http.base_url}/metrics", timeout=WITHIN_S).text
    line = next(line for line in told.splitlines() if line.startswith(f'admission_in_flight{{lane="{lane}"}}'))
    return int(float(line.split()[1]))
