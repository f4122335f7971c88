"""What starts when a service is named."""

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.stack.selection import ALL, selected

_STORES = ("redis", "kafka", "neo4j", "temporal", "toxiproxy")


@pytest.mark.parametrize(
    ("named", "workers", "started"),
    [
        (("redis",), 1, ("redis", "toxiproxy")),
        (("kafka", "redis"), 3, ("redis", "kafka", "toxiproxy")),
        (("toxiproxy",), 1, ("toxiproxy",)),
        (("projection",), 2, ("redis", "kafka", "toxiproxy", "projection")),
        (("worker",), 1, (*_STORES, "worker")),
        (("worker",), 3, (*_STORES, "worker", "worker-2", "worker-3")),
        (("worker-2",), 3, (*_STORES, "worker-2")),
        (("api",), 2, (*_STORES, "api", "worker", "worker-2")),
        (("projection", "api"), 1, (*_STORES, "api", "worker", "projection")),
    ],
)
def test_with_what_it_needs_and_nothing_else(named: tuple[str, ...], workers: int, started: tuple[str, ...]) -> None:
    assert selected(named, workers) == started


@pytest.mark.parametrize("name", ["", "redi", "worker-9", "worker-1", "load"])
def test_what_is_no_service_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=f"no such service; there are: {', '.join(ALL)}$"):
        selected(("redis", name), 8)


def test_all_is_everything_with_one_worker() -> None:
    assert selected(ALL, 1) == ALL == (*_STORES, "api", "worker", "projection")


def test_a_worker_beyond_those_wanted_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        selected(("worker-5",), 2)
    assert str(refused.value) == ("worker-5: is not one of 2 workers; run: chaos-aura up --workers 5, of at most 8")
