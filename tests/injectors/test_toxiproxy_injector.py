"""What Toxiproxy does to edges besides the contract: it composes, keeps to what is ours, and says what it saw."""

import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import redis
from grounds import ground_of
from hurting import paused
from proxies import cut, proxies
from toxiproxy_cases import ask, case_of, fault, in_force, must_hold, stranger, toxics_on

from chaos_aura.core.catalogue import Edge
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.lease import new_lease_id
from chaos_aura.stack.running import RunningStack
from injectors.toxiproxy import ToxiproxyInjector

EDGE = "worker.redis"


def test_a_client_feels_it(stack: RunningStack) -> None:
    client = redis.Redis.from_url(stack.catalogue.edge(EDGE).uri, socket_timeout=5)
    try:
        with in_force(case_of(stack, "latency", EDGE, latency_ms=150)):
            started_s = time.monotonic()
            client.ping()
            assert time.monotonic() - started_s >= 0.15
    finally:
        client.close()


@pytest.mark.parametrize(
    ("kind", "parameters", "streams"),
    [
        ("latency", {"direction": "to_service"}, ["upstream"]),
        ("throttle", {"direction": "to_service"}, ["upstream"]),
        ("throttle", {"direction": "from_service"}, ["downstream"]),
        ("partition", {"direction": "to_service"}, ["upstream"]),
        ("partition", {"direction": "from_service"}, ["downstream"]),
        ("partition", {"direction": "both"}, ["downstream", "upstream"]),
    ],
)
@pytest.mark.parametrize("edge", ["worker.redis", "worker.temporal"])
def test_the_direction_is_kept(
    stack: RunningStack, edge: str, kind: str, parameters: dict[str, Any], streams: list[str]
) -> None:
    with in_force(case_of(stack, kind, edge, **parameters)):
        assert sorted(toxic["stream"] for toxic in toxics_on(stack, edge).values()) == streams


def test_several_kinds_share_an_edge_and_end_one_by_one(stack: RunningStack) -> None:
    latency, throttle = case_of(stack, "latency", EDGE, latency_ms=40), case_of(stack, "throttle", EDGE)
    with in_force(latency) as slow:
        with in_force(throttle) as narrow, in_force(case_of(stack, "slice", EDGE)):
            assert len(toxics_on(stack, EDGE)) == 3
            must_hold(latency, slow)
            must_hold(throttle, narrow)
            assert not throttle.injector.gone(narrow)
        must_hold(latency, slow)
        assert len(toxics_on(stack, EDGE)) == 1
    assert toxics_on(stack, EDGE) == {}


def test_what_is_healed_below_another_fault_says_that_it_is_only_read_back(stack: RunningStack) -> None:
    below = case_of(stack, "latency", EDGE)
    undo = below.prepared()
    below.injector.inject(undo)
    with in_force(case_of(stack, "partition", EDGE)) as above:
        below.injector.heal(undo)
        proof = below.injector.gone(undo)
        assert proof
        assert "nothing of it is read back; no answer within" in proof.seen
        assert above.data["edges"][0]["toxics"][0]["name"] in proof.seen


def test_a_fault_on_an_edge_that_is_cut_already_rests_on_reading_back(stack: RunningStack) -> None:
    with stranger(stack, EDGE, "timeout", timeout=0):
        case = case_of(stack, "latency", EDGE)
        undo = case.injected()
        try:
            assert "read back; before it already: no answer within 1000.0 ms" in case.injector.in_force(undo).seen
        finally:
            case.injector.heal(undo)
        assert case.injector.gone(undo)


def test_a_strangers_toxic_survives(stack: RunningStack) -> None:
    with stranger(stack, EDGE, "latency", latency=20, jitter=0) as theirs:
        with in_force(case_of(stack, "latency", EDGE, latency_ms=200)):
            assert len(toxics_on(stack, EDGE)) == 2
        assert list(toxics_on(stack, EDGE)) == [theirs]


def test_a_proxy_that_a_stranger_disabled_is_left_alone(stack: RunningStack) -> None:
    with cut(stack, EDGE):
        for parameters in ({"how": "refused"}, {"how": "silent"}):
            with pytest.raises(TargetUnfit, match=f"^edge {EDGE}: its proxy is disabled already; "):
                case_of(stack, "partition", EDGE, **parameters).prepared()
        assert proxies(stack)[EDGE]["enabled"] is False


def test_a_refused_partition_disables_the_proxy_and_nothing_else(stack: RunningStack) -> None:
    case = case_of(stack, "partition", EDGE, how="refused")
    with in_force(case) as undo:
        assert [name for name, proxy in proxies(stack).items() if not proxy["enabled"]] == [EDGE]
        case.injector.inject(undo)
        assert case.injector.in_force(undo).seen.startswith(f"{EDGE}: connection refused")
    assert proxies(stack)[EDGE]["enabled"] is True


def test_injecting_twice_is_injecting_once(stack: RunningStack) -> None:
    case = case_of(stack, "partition", EDGE)
    with in_force(case) as undo:
        case.injector.inject(undo)
        assert len(toxics_on(stack, EDGE)) == 2


def test_a_toxic_that_somebody_changed_is_not_what_was_asked_for(stack: RunningStack) -> None:
    case = case_of(stack, "latency", EDGE, latency_ms=100)
    with in_force(case) as undo:
        (name,) = toxics_on(stack, EDGE)
        ask(stack, "PATCH", f"/proxies/{EDGE}/toxics/{name}", {"attributes": {"latency": 90}})
        proof = case.injector.in_force(undo)
        assert not proof
        assert "is not as it was made" in proof.seen


def test_a_toxic_that_spares_connections_is_not_what_was_asked_for(stack: RunningStack) -> None:
    case = case_of(stack, "latency", EDGE, latency_ms=100)
    with in_force(case) as undo:
        (name,) = toxics_on(stack, EDGE)
        ask(stack, "PATCH", f"/proxies/{EDGE}/toxics/{name}", {"attributes": {"latency": 100}, "toxicity": 0.5})
        assert not case.injector.in_force(undo)


def test_a_fault_on_some_edges_of_a_service_only_is_neither_in_force_nor_gone(stack: RunningStack) -> None:
    case = case_of(stack, "latency", "redis")
    with in_force(case) as undo:
        (name,) = toxics_on(stack, EDGE)
        ask(stack, "DELETE", f"/proxies/{EDGE}/toxics/{name}")
        lost = case.injector.in_force(undo)
        assert not lost
        assert lost.seen == f"{EDGE}: no latency `{name}` on it"
        left = case.injector.gone(undo)
        assert not left
        assert "api.redis: still on it: latency" in left.seen


@pytest.mark.parametrize(
    ("kind", "parameters", "why"),
    [
        ("latency", {"latency_ms": 5, "jitter_ms": 5}, "too fine to be seen"),
        ("throttle", {"rate_kbps": 10_000_000}, "too fine to be seen"),
        ("slice", {"delay_us": 0}, "too fine to be seen"),
        ("limit_data", {"limit_bytes": 1_000_000}, "no small question is answered with more than 1000000 bytes"),
    ],
)
def test_what_is_too_fine_to_be_seen_is_called_so(
    stack: RunningStack, kind: str, parameters: dict[str, Any], why: str
) -> None:
    case = case_of(stack, kind, EDGE, **parameters)
    with in_force(case) as undo:
        seen = case.injector.in_force(undo).seen
        assert "read back" in seen
        assert why in seen


def test_a_service_that_does_not_answer_cannot_be_hurt_provably(stack: RunningStack) -> None:
    case = case_of(stack, "latency", EDGE)
    with paused(stack, "redis"), pytest.raises(TargetUnfit) as unfit:
        case.prepared()
    assert str(unfit.value).startswith(f"edge {EDGE}: no round trip to be hurt: no answer within 1000.0 ms; directly: ")
    assert toxics_on(stack, EDGE) == {}


def test_what_is_healed_while_the_service_is_dead_is_gone_by_reading_back(stack: RunningStack) -> None:
    case = case_of(stack, "latency", EDGE)
    undo = case.injected()
    with paused(stack, "redis"):
        still = case.injector.in_force(undo)
        assert still
        case.injector.heal(undo)
        proof = case.injector.gone(undo)
    assert proof
    assert "but redis itself: no answer within" in proof.seen


def test_the_command_by_hand_heals(stack: RunningStack) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    for parameters in ({"how": "silent"}, {"how": "refused"}):
        case = case_of(stack, "partition", EDGE, **parameters)
        undo = case.injected()
        done = subprocess.run(undo.by_hand, shell=True, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        case.await_gone(undo)


def test_two_threads_may_use_one_injector(stack: RunningStack) -> None:
    injector = ToxiproxyInjector(ground_of(stack))

    def hurt_and_heal(edge: str) -> None:
        for _ in range(10):
            undo = injector.prepare(fault("latency", edge), stack.catalogue.edge(edge), new_lease_id())
            injector.inject(undo)
            assert len(toxics_on(stack, edge)) == 1
            injector.heal(undo)
            assert toxics_on(stack, edge) == {}

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(hurt_and_heal, ("worker.redis", "worker.temporal")))


@pytest.mark.parametrize(
    ("kind", "parameters", "why", "remedy"),
    [
        ("partition", {"how": "refused", "direction": "to_service"}, "only be refused both ways", "how=silent"),
        ("latency", {"latency_ms": 1.5}, "whole milliseconds, not 1.5", "give a whole latency_ms"),
        ("latency", {"jitter_ms": 0.5}, "whole milliseconds, not 0.5", "give a whole jitter_ms"),
        ("reset", {"after_ms": 1001}, "cannot take back a reset that waits", "after_ms up to 1000"),
        ("slice", {"size_bytes": 8, "variation_bytes": 8}, "cannot vary", "variation_bytes below size_bytes"),
    ],
)
def test_it_refuses_what_it_could_not_do_as_asked(
    stack: RunningStack, kind: str, parameters: dict[str, Any], why: str, remedy: str
) -> None:
    case = case_of(stack, kind, EDGE, **parameters)
    capability = case.injector.can(case.fault, case.target)
    assert not capability
    assert why in capability.why
    assert remedy in capability.remedy
    with pytest.raises(TargetUnfit):
        case.prepared()


@pytest.mark.parametrize(
    ("target", "remedy"),
    [
        ("worker", "there are: worker.temporal, worker.neo4j, worker.redis, worker.kafka"),
        ("projection", "there are: projection.kafka, projection.redis"),
        ("toxiproxy", "there are: api.temporal, "),
    ],
)
def test_a_service_that_no_edge_leads_to_cannot_be_hurt(stack: RunningStack, target: str, remedy: str) -> None:
    case = case_of(stack, "latency", target)
    capability = case.injector.can(case.fault, case.target)
    assert not capability
    assert capability.why == f"no edge leads to {target}"
    assert capability.remedy.startswith(remedy)


def test_other_kinds_and_edges_of_other_stacks_are_not_its_affair(stack: RunningStack) -> None:
    injector, edge = ToxiproxyInjector(ground_of(stack)), stack.catalogue.edge(EDGE)
    assert not injector.can(fault("pause", EDGE), edge)
    elsewhere = Edge(edge.client, edge.service, edge.upstream, edge.upstream, edge.scheme)
    assert "no edge of the running stack" in injector.can(fault("latency", EDGE), elsewhere).why


def test_without_its_client_it_says_what_to_install(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = "toxiproxy"
    import_module(package)
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.setattr("sys.path_importer_cache", {})
    monkeypatch.delitem(sys.modules, package)
    capability = ToxiproxyInjector(ground_of(stack)).can(fault("latency", EDGE), stack.catalogue.edge(EDGE))
    assert not capability
    assert capability.why == f"package `{package}` is missing"
    assert capability.remedy == "run: pip install 'chaos-aura[local]'"


def test_what_it_writes_tells_which_faults_compose(stack: RunningStack) -> None:
    injector = ToxiproxyInjector(ground_of(stack))

    def writes(kind: str, target: str = EDGE, **parameters: Any) -> frozenset[str]:
        footprint = injector.footprint(fault(kind, target, **parameters), stack.catalogue.target(target))
        assert footprint.needs == {"toxiproxy"}
        assert footprint.hurts == (frozenset() if kind in ("latency", "throttle") else {EDGE})
        return footprint.writes

    assert writes("latency") == {f"latency from_service of edge {EDGE}"}
    assert writes("latency") & writes("latency", "redis")
    assert not writes("latency") & writes("latency", direction="to_service")
    assert not writes("latency") & writes("throttle")
    assert writes("partition") == writes("blackhole") == writes("partition", how="refused")
    assert writes("partition", direction="to_service") & writes("blackhole")
    assert not writes("partition") & writes("latency")
