"""The API of a whole stack: what tenants may and may not do."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from awaiting import wait_until
from tenant import Tenant, tenant_of

from chaos_aura.platform.api.views import AllocationList, AllocationView, ReadinessView
from chaos_aura.stack.running import RunningStack

WITHIN_S = 120.0
REFUSALS = {"no_capacity", "council_said_no"}


@pytest.fixture
def tenant(stack: RunningStack) -> Iterator[Tenant]:
    with tenant_of(stack.catalogue.service("api").uri) as one:
        yield one


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert set(document) == {"error"}
    assert document["error"]["request_id"] == answer.headers["x-request-id"]
    return dict(document["error"])


def test_gpus_are_granted_seen_given_back_and_free_again(tenant: Tenant) -> None:
    answer = tenant.answer_at_once(gpu_type="t4", count=2, hours=2)
    assert answer.status_code == 201, answer.text
    granted = answer.json()
    request_id = granted["allocation_id"]
    assert answer.headers["location"] == f"/allocations/{request_id}"
    assert answer.headers["x-request-id"] == request_id
    assert granted["state"] == "granted"
    assert set(granted["grant"]["gpu_ids"]) == tenant.holds()
    assert len(tenant.holds()) == 2
    assert tenant.known(lambda: tenant.look(request_id)).json() == granted

    tenant.given_back(request_id)
    assert tenant.known(lambda: tenant.look(request_id)).json()["state"] == "released"
    assert tenant.holds() == set()


def test_answers_are_what_the_documentation_promises(tenant: Tenant) -> None:
    granted = tenant.granted()
    looked = tenant.http.get("/allocations").json()
    ready = tenant.http.get("/readyz").json()
    promised = ((AllocationView, granted), (AllocationList, looked), (ReadinessView, ready))
    for model, told in promised:
        model.model_validate(told)
        assert set(told) == set(model.model_fields)


def test_a_repeated_request_is_answered_again_and_takes_nothing_more(tenant: Tenant) -> None:
    first = tenant.answer_at_once()
    again = tenant.answer_to(request_id=tenant.asked[-1])
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(tenant.holds()) == 1


def test_the_same_request_ten_times_at_once_allocates_once(tenant: Tenant) -> None:
    answers = tenant.ask_at_once([tenant.request(count=2)] * 10)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 201, 202}, [answer.text for answer in answers]
    assert statuses[201] <= 1
    granted = tenant.granted(request_id=tenant.asked[0], count=2)
    for answer in answers:
        if answer.status_code != 202:
            assert answer.json() == granted
    assert tenant.holds() == set(granted["grant"]["gpu_ids"])
    assert len(tenant.holds()) == 2


def test_a_known_id_with_another_content_is_refused(tenant: Tenant) -> None:
    tenant.granted(request_id=f"{tenant.name}-one", count=1)
    for changed in ({"count": 2}, {"hours": 1.5}, {"tenant": "somebody-else"}, {"priority": "high"}):
        answer = tenant.answer_to(request_id=f"{tenant.name}-one", **changed)
        assert refused(answer, 409)["reason"] == "request_id_conflict"
    assert len(tenant.holds()) == 1


@pytest.mark.parametrize("limit", [{"budget_usd": 1.0}, {"max_hourly_usd": 0.5}])
def test_what_is_too_dear_is_refused(tenant: Tenant, limit: dict[str, float]) -> None:
    first, again = (tenant.answer_to(request_id=f"{tenant.name}-dear", count=1, hours=10, **limit) for _ in range(2))
    for answer in (first, again):
        assert refused(answer, 409)["reason"] == "over_budget"
    looked = tenant.known(lambda: tenant.look(f"{tenant.name}-dear")).json()
    assert (looked["state"], looked["decision"]["reason"]) == ("refused", "over_budget")


def test_more_than_there_is_is_refused_and_says_so(tenant: Tenant) -> None:
    total = total_of(tenant, "h100")
    told = refused(tenant.answer_to(gpu_type="h100", count=total + 1), 409)
    assert told["reason"] == "no_capacity"
    assert str(total) in told["message"]
    assert refused(tenant.answer_to(gpu_type="h100", count=1000), 409)["reason"] == "no_capacity"


def test_nobody_gets_what_is_not_there(tenant: Tenant) -> None:
    total = total_of(tenant, "v100")
    answers = tenant.ask_at_once([tenant.request(gpu_type="v100", count=3) for _ in range(10)])
    # 200 is who had to ask again.
    assert {answer.status_code for answer in answers} <= {200, 201, 202, 409}, [answer.text for answer in answers]
    for answer in answers:
        if answer.status_code == 409:
            assert refused(answer, 409)["reason"] in REFUSALS
    held = tenant.holds()
    assert len(held) <= total
    granted = [answer.json()["grant"]["gpu_ids"] for answer in answers if answer.status_code in (200, 201)]
    assert sum(map(len, granted)) == len({each for gpu_ids in granted for each in gpu_ids})


def total_of(tenant: Tenant, gpu_type: str) -> int:
    return int(tenant.known(lambda: tenant.http.get("/gpus")).json()["total"][gpu_type])


def test_an_unknown_type_is_refused_by_name(tenant: Tenant) -> None:
    told = refused(tenant.ask(gpu_type="b200"), 422)
    assert (told["field"], "h100" in told["message"]) == ("gpu_type", True)


def test_only_its_own_tenant_gives_back(tenant: Tenant) -> None:
    request_id = tenant.granted()["allocation_id"]

    def assert_a_stranger_may_not() -> None:
        answer = tenant.known(lambda: tenant.give_back(request_id, tenant="stranger"))
        assert refused(answer, 403)["reason"] == "not_yours"

    assert_a_stranger_may_not()
    assert len(tenant.holds()) == 1
    tenant.given_back(request_id, lambda each: tenant.http.delete(f"/allocations/{each}?tenant={tenant.name}"))
    assert_a_stranger_may_not()


def test_what_was_given_back_cannot_be_given_back(tenant: Tenant) -> None:
    request_id = tenant.granted()["allocation_id"]
    tenant.given_back(request_id)
    for _ in range(2):
        answer = tenant.known(lambda: tenant.give_back(request_id))
        assert refused(answer, 409)["reason"] == "already_released"
    repeated = tenant.answer_to(request_id=request_id)
    assert (repeated.status_code, repeated.json()["state"]) == (200, "released")


def test_what_was_refused_cannot_be_given_back(tenant: Tenant) -> None:
    request_id = refused(tenant.answer_to(budget_usd=0), 409)["request_id"]
    assert refused(tenant.known(lambda: tenant.give_back(request_id)), 409)["reason"] == "was_refused"


def test_nobody_knows_what_was_never_asked(tenant: Tenant) -> None:
    for ask in (tenant.look, tenant.give_back):
        assert refused(tenant.known(lambda ask=ask: ask("never-asked")), 404)["reason"] == "not_found"


def test_lists_tell_each_in_its_state(tenant: Tenant) -> None:
    held = tenant.granted(count=2)
    over = tenant.granted()["allocation_id"]
    tenant.given_back(over)
    dear = refused(tenant.answer_to(budget_usd=0), 409)["request_id"]

    line = tenant.listed("granted")[held["allocation_id"]]
    assert (line["tenant"], line["count"]) == (tenant.name, 2)
    assert line["gpu_ids"] == held["grant"]["gpu_ids"]
    wait_until(lambda: over in tenant.listed("released"), WITHIN_S, "the released one in Neo4j")
    wait_until(lambda: dear in tenant.listed("refused"), WITHIN_S, "the refused one in Neo4j")
    assert tenant.listed("refused")[dear]["reason"] == "over_budget"
    # One whose workflow has not ended yet counts as pending while its worker takes half a second to answer.
    ours = {held["allocation_id"], over, dear}
    wait_until(lambda: not ours & set(tenant.listed("pending")), WITHIN_S, "none of them among the pending")
    few = tenant.known(lambda: tenant.http.get("/allocations", params={"state": "released", "limit": 1}))
    assert len(few.json()["allocations"]) == 1


def test_what_a_tenant_used_is_counted(tenant: Tenant) -> None:
    tenant.granted(count=2)
    refused(tenant.answer_to(budget_usd=0), 409)

    def usage_of(name: str) -> dict[str, Any]:
        return dict(tenant.known(lambda: tenant.http.get(f"/tenants/{name}/usage")).json())

    def counted() -> dict[str, Any] | None:
        told = usage_of(tenant.name)
        return told if (told["granted"], told["refused"]) == (1, 1) else None

    usage = wait_until(counted, WITHIN_S, "both decisions in the usage")
    assert usage["held_gpus"] == {"t4": 2}
    assert usage_of("nobody")["granted"] == 0
