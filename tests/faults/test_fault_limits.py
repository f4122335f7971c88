"""Which names a limit means."""

import pytest

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Catalogue, Edge, Service
from chaos_aura.core.errors import FaultRefused
from chaos_aura.core.fault import Fault
from chaos_aura.faults.limits import Limits

_SERVICES = ("worker", "worker-2", "worker-12", "redis", "redis-cache")
_EDGES = (("worker", "redis"), ("worker-2", "redis"), ("api", "worker-2"))
CATALOGUE = Catalogue(
    "local",
    tuple(Service(name, on_loopback(9), "", "1") for name in _SERVICES),
    tuple(Edge(client, service, on_loopback(9), on_loopback(9), "") for client, service in _EDGES),
)


def may(limits: Limits, name: str, *hurts: str) -> bool:
    try:
        limits.check_target(Fault("kill", name, {}, 5.0), CATALOGUE.target(name), CATALOGUE, frozenset(hurts))
    except FaultRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("worker", {"worker", "worker-2", "worker-12", "api.worker-2"}),
        ("worker-2", {"worker-2", "api.worker-2"}),
        ("worker.redis", {"worker.redis", "worker-2.redis", "redis"}),
        ("worker-2.redis", {"worker-2.redis", "redis"}),
        ("worker-*", {"worker-2", "worker-12", "worker-2.redis", "redis", "api.worker-2"}),
        ("redis", {"redis", "worker.redis", "worker-2.redis"}),
        ("nobody", set()),
    ],
)
def test_what_is_forbidden_is_so_for_every_member_of_that_name(pattern: str, meant: set[str]) -> None:
    limits = Limits(forbidden_targets=(pattern,))
    names = {each.name for each in (*CATALOGUE.services, *CATALOGUE.edges)}
    assert {name for name in names if not may(limits, name)} == meant


def test_what_is_allowed_is_so_for_every_member_of_that_name() -> None:
    assert may(Limits(allowed_targets=("worker",)), "worker-2")
    assert may(Limits(allowed_targets=("worker.redis",)), "worker-2.redis")
    assert not may(Limits(allowed_targets=("worker-2",)), "worker")
    assert not may(Limits(allowed_targets=("worker",)), "redis")
    assert not may(Limits(allowed_targets=("redis",)), "redis-cache")


def test_whom_it_hurts_is_looked_at_too() -> None:
    limits = Limits(forbidden_targets=("worker",))
    assert may(limits, "redis", "redis")
    assert not may(limits, "redis", "worker-2")
    with pytest.raises(FaultRefused) as refused:
        limits.check_target(Fault("kill", "redis", {}, 5.0), CATALOGUE.target("redis"), CATALOGUE, {"worker-12"})
    assert str(refused.value) == (
        "kill of redis: worker-12, which it hurts, is forbidden: forbidden_targets has 'worker' in chaos-aura.toml; "
        "choose another, or change it there"
    )
