"""Which ping a service gets, and which proxies of a Toxiproxy are the edges of a stack."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, says
from test_ping_toxiproxy import requested

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import DOCKER, EXTERNAL, LOCAL, Catalogue, Edge, Service
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings.of_service import ping

REDIS = Service("redis", Address("127.0.0.1", 1), "redis", "")
EDGE = Edge("web", "redis", Address("127.0.0.1", 16379), REDIS.address, "redis")
CONTAINED = {"project": "shop", "service": "toxiproxy"}


@pytest.mark.live
@pytest.mark.parametrize(
    ("whose", "runs_in", "listen", "is_well"),
    [
        (LOCAL, {}, "127.0.0.1:16379", True),
        (LOCAL, {}, "0.0.0.0:16379", False),
        (LOCAL, {}, "127.0.0.1:16380", False),
        (DOCKER, CONTAINED, "127.0.0.1:16379", True),
        (DOCKER, CONTAINED, "0.0.0.0:16379", True),
        (DOCKER, CONTAINED, "[::]:16379", True),
        (DOCKER, CONTAINED, ":16379", True),
        (DOCKER, CONTAINED, "[::]:16380", False),
        (DOCKER, CONTAINED, "10.0.0.1:16379", False),
        (EXTERNAL, CONTAINED, "[::]:6379", True),
        (EXTERNAL, {}, "10.0.0.1:6379", True),
    ],
)
def test_where_the_proxy_of_an_edge_may_listen(
    toxiproxy_address: Address, whose: str, runs_in: dict[str, str], listen: str, is_well: bool
) -> None:
    catalogue = Catalogue(whose, (Service("toxiproxy", toxiproxy_address, "http", "", runs_in=runs_in), REDIS), (EDGE,))
    proxy = {"name": "web.redis", "listen": listen, "upstream": "127.0.0.1:1", "enabled": False}
    with requested(toxiproxy_address, "POST", "/proxies", proxy):
        pass
    try:
        if is_well:
            assert ping(catalogue, "toxiproxy", PATIENT_S).detail == "1 proxy, 1 disabled"
        else:
            with pytest.raises(PingFailed, match=r"no proxy for the edge web\.redis at 127\.0\.0\.1:16379"):
                ping(catalogue, "toxiproxy", PATIENT_S)
    finally:
        with requested(toxiproxy_address, "DELETE", "/proxies/web.redis"):
            pass


@contextmanager
def proxied(address: Address, name: str) -> Iterator[None]:
    proxy = {"name": name, "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1", "enabled": False}
    with requested(address, "POST", "/proxies", proxy):
        pass
    try:
        yield
    finally:
        with requested(address, "DELETE", f"/proxies/{name}"):
            pass


@pytest.mark.live
def test_a_proxy_of_another_name(toxiproxy_address: Address) -> None:
    server = Service("toxiproxy", toxiproxy_address, "http", "")
    edge = Edge("web", "redis", EDGE.address, EDGE.upstream, "redis", "cache")
    known = "has no proxy cache for the edge web.redis; it has: {}; a restart forgets those made by its API; make cache"
    with pytest.raises(PingFailed, match=known.format("none")):
        ping(Catalogue(EXTERNAL, (server, REDIS), (edge,)), "toxiproxy", PATIENT_S)
    a_and_b = pytest.raises(PingFailed, match=known.format("a, b"))
    with proxied(toxiproxy_address, "b"), proxied(toxiproxy_address, "a"), a_and_b:
        ping(Catalogue(EXTERNAL, (server, REDIS), (edge,)), "toxiproxy", PATIENT_S)
    with proxied(toxiproxy_address, "cache"):
        ping(Catalogue(EXTERNAL, (server, REDIS), (edge,)), "toxiproxy", PATIENT_S)


@pytest.mark.parametrize(
    ("service", "answer", "detail"),
    [
        (
            Service("cache", REDIS.address, "redis", "", kind="redis"),
            b"+PONG\r\n$19\r\nredis_version:7.0.1\r\n",
            "PONG",
        ),
        (
            Service("web", REDIS.address, "http", "", kind="http", health="/up"),
            b"HTTP/1.1 200 OK\r\n\r\n",
            "200 for /up",
        ),
        (Service("web", REDIS.address, "http", "", kind="http"), b"HTTP/1.1 200 OK\r\n\r\n", "200 for /"),
        (
            Service("api", REDIS.address, "http", ""),
            b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"status":"ready"}',
            "ready",
        ),
    ],
)
def test_what_it_speaks_decides_not_what_it_is_called(service: Service, answer: bytes, detail: str) -> None:
    with MisbehavingServer(says(answer)) as server:
        at = Service(service.name, server.address, service.scheme, "", kind=service.kind, health=service.health)
        assert ping(Catalogue(EXTERNAL, (at,), ()), service.name, PATIENT_S).detail == detail
