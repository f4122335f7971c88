"""Toxiproxy passes what every injector must: each kind on one edge, two kinds on an edge of each service, a service."""

from dataclasses import replace
from typing import Any

import pytest
from edge_witnesses import edges_are_hurt
from toxiproxy_cases import case_of, in_force, must_hold

from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.running import RunningStack
from injectors.toxiproxy import ToxiproxyInjector

KINDS: list[tuple[str, str, dict[str, Any]]] = [(kind, "worker.redis", {}) for kind in sorted(ToxiproxyInjector.kinds)]
_REFUSED = ("partition", "worker.redis", {"how": "refused"})
_ELSEWHERE: list[tuple[str, str, dict[str, Any]]] = [
    (kind, edge, {})
    for edge in ("worker.neo4j", "worker.kafka", "worker.temporal", "load.api")
    for kind in ("latency", "partition")
]
_EVERY = [f"{client}.{service}" for client, service in EDGES]


def _id(value: tuple[str, str, dict[str, Any]]) -> str:
    kind, target, parameters = value
    return "-".join((kind, target, *map(str, parameters.values())))


def witnessed(stack: RunningStack, case: Case) -> Case:
    return replace(case, hurts=edges_are_hurt(stack, case.target))


class TestEachKindOnOneEdge(InjectorContract):
    @pytest.fixture(params=[*KINDS, _REFUSED], ids=_id)
    def case(self, request: pytest.FixtureRequest, stack: RunningStack) -> Case:
        kind, target, parameters = request.param
        hurts_server = kind == "latency" or "how" in parameters  # a toxic, and a disabled proxy
        return witnessed(stack, case_of(stack, kind, target, hurts_server=hurts_server, **parameters))


class TestEachServiceAndAWholeOne(InjectorContract):
    @pytest.fixture(params=[*_ELSEWHERE, ("latency", "redis", {}), ("partition", "kafka", {})], ids=_id)
    def case(self, request: pytest.FixtureRequest, stack: RunningStack) -> Case:
        kind, target, parameters = request.param
        return witnessed(stack, case_of(stack, kind, target, **parameters))


# Later than the slowest answer of a busy machine, beside which less would be too fine to be seen.
@pytest.mark.parametrize(("kind", "parameters"), [("latency", {"latency_ms": 5000}), ("partition", {})])
@pytest.mark.parametrize("edge", _EVERY)
def test_every_edge_can_be_hurt(stack: RunningStack, edge: str, kind: str, parameters: dict[str, Any]) -> None:
    case = case_of(stack, kind, edge, **parameters)
    with in_force(case) as undo:
        proof = must_hold(case, undo)
        assert f"{edge}: no answer within" in proof.seen
        assert proof.facts[edge]["round_trip"]["outcome"] == "silent"
