"""Which names a limit means."""

from pathlib import Path

import pytest

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Catalogue, Edge, Service
from chaos_aura.core.errors import BadInput, FaultRefused
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
        ("nobody*", set()),
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


@pytest.mark.parametrize("pattern", ["rediss", "worker.neo", "nobody", "load", "load.worker", "worker-9"])
def test_a_name_that_no_stack_has_is_refused_and_not_passed_over(pattern: str) -> None:
    with pytest.raises(BadInput) as refused:
        may(Limits(forbidden_targets=("redis", pattern), file="shop/chaos-aura.toml"), "worker")
    said = str(refused.value)
    assert said.startswith(f"shop/chaos-aura.toml, [limits] forbidden_targets: '{pattern}' is no target, and would ")
    assert said.endswith(f"there are: {', '.join(_SERVICES)}, worker.redis, worker-2.redis, api.worker-2")
    assert "\n" not in said


def test_what_was_meant_is_asked() -> None:
    with pytest.raises(BadInput, match=r"nothing; did you mean 'redis'\? there are: worker, "):
        may(Limits(forbidden_targets=("rediss",)), "worker")


@pytest.mark.parametrize("pattern", ["neo4j", "worker-8", "projection.kafka", "load.api", "toxiproxy"])
def test_what_our_stack_has_is_no_mistake_while_it_is_not_up(pattern: str) -> None:
    assert may(Limits(forbidden_targets=(pattern,)), "worker")


def test_what_the_project_describes_is_no_mistake_while_another_stack_is_up(tmp_path: Path) -> None:
    file = tmp_path / "chaos-aura.toml"
    limits = '[limits]\nforbidden_targets = ["cache", "web.cache"]\n'
    file.write_text(f'{limits}[services.cache]\nkind = "redis"\n[edges."web.cache"]\nproxy = "cache"\n')
    assert may(Limits.of(tmp_path), "worker")
    file.write_text(limits)
    with pytest.raises(BadInput, match="'cache' is no target"):
        may(Limits.of(tmp_path), "worker")
