"""With any one store away, grants and releases go on, and afterwards it has been told everything."""

from collections.abc import Callable

import httpx
import pytest
from awaiting import wait_until
from books import api_url
from killing import kill_until_it_runs_again
from proxies import cut, every_edge_cut
from tenants import Load

from chaos_aura.stack.running import RunningStack

pytestmark = pytest.mark.alone

_STORES = ("neo4j", "redis", "kafka")


def worker_breaker(stack: RunningStack, store: str) -> str:
    told = httpx.get(f"{stack.catalogue.service('worker').uri}/readyz", timeout=10).json()
    return str(told["dependencies"][store]["state"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", _STORES)
def test_cut_off_from_everyone(
    stack: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None], store: str
) -> None:
    with load() as tenants:
        tenants.wait_for_grants(5)
        with every_edge_cut(stack, store):
            wait_until(lambda: worker_breaker(stack, store) == "open", 30, "the worker tells of its open breaker")
            tenants.wait_for_releases(15)
        tenants.wait_for_grants(5)
    all_is_right(tenants)
    wait_until(lambda: worker_breaker(stack, store) == "closed", 30, "the worker's breaker is closed again")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", _STORES)
def test_killed(
    stack: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None], store: str
) -> None:
    """It comes back by itself."""
    with load() as tenants:
        tenants.wait_for_grants(5)
        kill_until_it_runs_again(stack, store)
        tenants.wait_for_grants(10)
    all_is_right(tenants)


@pytest.mark.parametrize("store", _STORES)
def test_readiness_tells_of_it(stack: RunningStack, store: str) -> None:
    def told() -> dict[str, object]:
        answer = httpx.get(f"{api_url(stack)}/readyz", timeout=10)
        document = answer.json()
        answers = {name: dependency["answers"] for name, dependency in document["dependencies"].items()}
        assert answer.status_code == (200 if answers["temporal"] else 503)  # late for a second, that is away, too
        return {"status": document["status"], "answers": answers[store]}

    wait_until(lambda: told() == {"status": "ready", "answers": True}, 30, "ready before")
    with cut(stack, f"api.{store}"):
        wait_until(lambda: told() == {"status": "degraded", "answers": False}, 30, "degraded")
    wait_until(lambda: told() == {"status": "ready", "answers": True}, 30, "ready again")
