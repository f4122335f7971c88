"""Every edge is the only way of its client to its service, and hurting it hurts nobody else."""

import gc
import os
import signal
import time
from collections.abc import Iterator

import pytest
from awaiting import wait_until
from clients import (
    FORGOTTEN_SOCKETS,
    Client,
    ConsumerClient,
    Neo4jClient,
    ProducerClient,
    RedisClient,
    TemporalClient,
    working,
    works,
)
from own_connections import established, python_connects
from proxies import cut, proxies, slowed, told_of

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Catalogue
from chaos_aura.pings import kafka
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.running import RunningStack, read_catalogue

pytestmark = pytest.mark.filterwarnings(FORGOTTEN_SOCKETS)

SERVICES: dict[type[Client], str] = {
    RedisClient: "redis",
    Neo4jClient: "neo4j",
    ProducerClient: "kafka",
    ConsumerClient: "kafka",
    TemporalClient: "temporal",
}
KINDS = pytest.mark.parametrize("kind", SERVICES, ids=lambda kind: kind.__name__)
PAIRS = pytest.mark.parametrize(("hurt", "spared"), [("worker", "api"), ("api", "worker")])
IMPATIENT_S, PATIENT_S = 1.0, 20.0
AGAIN_WITHIN_S = 30.0
ENDS_WITHIN_S = 30.0
ROUNDS = 3
LATENCY_MS = 300


@pytest.fixture(autouse=True)
def _forgotten_sockets_end_here() -> Iterator[None]:
    """Found later, they would be the trouble of a test that forbids them."""
    yield
    gc.collect()


@PAIRS
@KINDS
def test_a_cut_edge_fails_its_own_client_only(stack: RunningStack, kind: type[Client], hurt: str, spared: str) -> None:
    cut_edge, whole_edge = (stack.catalogue.edge(f"{client}.{SERVICES[kind]}") for client in (hurt, spared))
    with (
        working(kind, cut_edge, IMPATIENT_S) as victim,
        working(kind, whole_edge, PATIENT_S) as bystander,
    ):
        bystander.work()
        # Impatient as it is, it may drop a connection that has just served it.
        wait_until(
            lambda: works(victim) and cut_edge.address.port in established().values(),
            AGAIN_WITHIN_S,
            f"{hurt} connected and working before the cut",
        )
        with cut(stack, cut_edge.name):
            bystanders_connections = _established_to(whole_edge.address)
            for _ in range(ROUNDS):
                began_s = time.monotonic()
                with pytest.raises(victim.troubles):
                    victim.work()
                assert time.monotonic() - began_s < ENDS_WITHIN_S
                bystander.work()
            assert cut_edge.address.port not in established().values()
            assert _established_to(whole_edge.address) >= bystanders_connections
        wait_until(lambda: works(victim), AGAIN_WITHIN_S, f"{hurt} working after the cut")
        bystander.work()


@pytest.mark.parametrize("kind", [kind for kind in SERVICES if kind is not ConsumerClient])
def test_nobody_connects_by_a_cut_edge(stack: RunningStack, kind: type[Client]) -> None:
    """But for the consumer, whose construction already needs a topic."""
    edge = stack.catalogue.edge(f"worker.{SERVICES[kind]}")
    with cut(stack, edge.name), pytest.raises(kind.troubles), working(kind, edge, IMPATIENT_S) as newcomer:
        newcomer.work()
    with working(kind, edge, PATIENT_S) as newcomer:
        newcomer.work()


@KINDS
def test_latency_on_an_edge_is_felt_on_that_edge_only(stack: RunningStack, kind: type[Client]) -> None:
    slow_edge, fast_edge = (stack.catalogue.edge(f"{client}.{SERVICES[kind]}") for client in ("worker", "api"))
    with (
        working(kind, slow_edge, PATIENT_S) as slow,
        working(kind, fast_edge, PATIENT_S) as fast,
        slowed(stack, slow_edge.name, LATENCY_MS),
    ):
        slow.work()
        fast.work()
        assert min(_seconds_of(slow) for _ in range(ROUNDS)) >= LATENCY_MS / 1000
        # Where it is felt nothing is ever faster; elsewhere the machine alone may be slow, but not each time.
        wait_until(lambda: _seconds_of(fast) < LATENCY_MS / 1000, AGAIN_WITHIN_S, f"no latency on {fast_edge.name}")


@PAIRS
@KINDS
def test_no_client_goes_round_its_edge(stack: RunningStack, kind: type[Client], hurt: str, spared: str) -> None:
    """Metadata, routing tables and coordinators all tell addresses; the only one ever used is the edge's own."""
    edge = stack.catalogue.edge(f"{hurt}.{SERVICES[kind]}")
    before = established()
    with python_connects() as tried, working(kind, edge, PATIENT_S) as client:
        for _ in range(10):
            client.work()
            opened = {port for inode, port in established().items() if inode not in before}
            assert opened == {edge.address.port}
    assert tried == (set() if kind is TemporalClient else {edge.address.port})


@pytest.mark.parametrize("client", ["api", "worker"])
def test_kafka_tells_each_edge_its_own_proxy_only(stack: RunningStack, client: str) -> None:
    edge = stack.catalogue.edge(f"{client}.kafka")
    assert kafka.advertised(edge.address, PATIENT_S) == (edge.address,)
    assert kafka.advertised(edge.upstream, PATIENT_S) == (edge.address,)


def test_kafka_tells_who_asks_directly_the_direct_address(stack: RunningStack) -> None:
    direct = stack.catalogue.service("kafka").address
    assert kafka.advertised(direct, PATIENT_S) == (direct,)
    assert direct not in {edge.upstream for edge in stack.catalogue.edges_into("kafka")}


def test_the_catalogue_on_disk_is_what_toxiproxy_tells(stack: RunningStack) -> None:
    catalogue = read_catalogue(stack.project)
    assert told_of(stack) == _edges_of(catalogue)
    assert {(edge.client, edge.service) for edge in catalogue.edges} == set(EDGES)
    assert all(proxy["enabled"] and not proxy["toxics"] for proxy in proxies(stack).values())


def test_a_killed_toxiproxy_is_back_with_all_its_edges(stack: RunningStack) -> None:
    edge = stack.catalogue.edge("worker.redis")
    killed = stack.supervisor.children()["toxiproxy"]
    assert killed.process
    with working(RedisClient, edge, PATIENT_S) as client:
        client.work()
        os.kill(killed.process.pid, signal.SIGKILL)
        wait_until(lambda: not killed.process.is_alive(), ENDS_WITHIN_S, "the death of Toxiproxy")
        assert _first_answer(stack) == _edges_of(stack.catalogue)
        wait_until(lambda: works(client), AGAIN_WITHIN_S, "Redis reached through a new Toxiproxy")
    assert stack.supervisor.children()["toxiproxy"].restarts == killed.restarts + 1


def _edges_of(catalogue: Catalogue) -> dict[str, tuple[Address, Address]]:
    return {edge.name: (edge.address, edge.upstream) for edge in catalogue.edges}


def _first_answer(stack: RunningStack) -> dict[str, tuple[Address, Address]]:
    deadline_s = time.monotonic() + AGAIN_WITHIN_S
    while True:
        try:
            return told_of(stack)
        except OSError:
            assert time.monotonic() < deadline_s, "Toxiproxy did not come back"


def _established_to(address: Address) -> set[str]:
    return {inode for inode, port in established().items() if port == address.port}


def _seconds_of(client: Client) -> float:
    began_s = time.monotonic()
    client.work()
    return time.monotonic() - began_s
