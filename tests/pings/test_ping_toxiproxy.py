"""Toxiproxy: against the real server, with proxies that are on, off, and many."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, says

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import toxiproxy

LARGER_THAN_ONE_PIECE = 60


@contextmanager
def requested(address: Address, method: str, path: str, body: object = None) -> Iterator[HTTPResponse]:
    connection = HTTPConnection(address.host, address.port, timeout=PATIENT_S)
    try:
        connection.request(method, path, json.dumps(body))
        with connection.getresponse() as response:
            assert response.status < 300
            yield response
    finally:
        connection.close()


@pytest.fixture
def proxies(toxiproxy_address: Address) -> Iterator[list[str]]:
    """Proxies by these names; one whose name ends with `off` is disabled."""
    names: list[str] = []
    yield names
    for name in names:
        with requested(toxiproxy_address, "DELETE", f"/proxies/{name}"):
            pass


def add(address: Address, proxies: list[str], *names: str) -> None:
    for name in names:
        proxy = {"name": name, "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1", "enabled": not name.endswith("off")}
        with requested(address, "POST", "/proxies", proxy):
            proxies.append(name)


@pytest.mark.live
def test_it_tells_what_the_api_tells(toxiproxy_address: Address, proxies: list[str]) -> None:
    pong = toxiproxy.ping(toxiproxy_address, PATIENT_S)
    with requested(toxiproxy_address, "GET", "/version") as answer:
        assert pong.version == json.load(answer)["version"]
    assert pong.detail == "0 proxies, 0 disabled"


@pytest.mark.live
def test_it_counts_proxies_and_the_disabled_ones(toxiproxy_address: Address, proxies: list[str]) -> None:
    add(toxiproxy_address, proxies, "one")
    assert toxiproxy.ping(toxiproxy_address, PATIENT_S).detail == "1 proxy, 0 disabled"
    add(toxiproxy_address, proxies, "two", "three-off")
    assert toxiproxy.ping(toxiproxy_address, PATIENT_S).detail == "3 proxies, 1 disabled"


@pytest.mark.live
def test_an_answer_in_chunks(toxiproxy_address: Address, proxies: list[str]) -> None:
    add(toxiproxy_address, proxies, *(f"proxy-{number}" for number in range(LARGER_THAN_ONE_PIECE)))
    with requested(toxiproxy_address, "GET", "/proxies") as answer:
        assert answer.getheader("Transfer-Encoding") == "chunked"
    assert toxiproxy.ping(toxiproxy_address, PATIENT_S).detail == "60 proxies, 0 disabled"


@pytest.mark.live
def test_it_tells_where_proxies_listen_in_their_own_words(toxiproxy_address: Address, proxies: list[str]) -> None:
    odd = {"by-name": "localhost:1", "any-port": "127.0.0.1:0", "newer": "[::1]:5", "no-port": "127.0.0.1"}
    for name, listen in odd.items():
        proxy = {"name": name, "listen": listen, "upstream": "127.0.0.1:1", "enabled": False}
        with requested(toxiproxy_address, "POST", "/proxies", proxy):
            proxies.append(name)
    assert toxiproxy.listening(toxiproxy_address, PATIENT_S) == odd


@pytest.mark.live
def test_it_tells_where_proxies_lead_to(toxiproxy_address: Address, proxies: list[str]) -> None:
    add(toxiproxy_address, proxies, "b-off", "a-off")
    told = toxiproxy.proxies(toxiproxy_address, PATIENT_S)
    assert told == (
        toxiproxy.Proxy("a-off", "127.0.0.1:0", "127.0.0.1:1"),
        toxiproxy.Proxy("b-off", "127.0.0.1:0", "127.0.0.1:1"),
    )


VERSION = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"version":"1"}'


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\nno\n!", "error: 500 Oh for /version: no !"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "'' for a length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n", "an answer of -2 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{]", "/version was not answered with JSON"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "/version tells no version"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000, "/version was not answered with JSON"),
        (b"HTTP/1.1 200 OK\r\n" + b"".join(b"h%d: 1\r\n" % n for n in range(200)), "its headers do not end"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "its answer starts with 'SSH-2.0-OpenSSH_9.2'"),
        (VERSION + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "/proxies is not an object"),
        (VERSION + b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a":{}}', "a proxy does not tell whether"),
        (VERSION + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "'zz' for a length"),
    ],
)
def test_answers_that_are_none(answer: bytes, why: str) -> None:
    with MisbehavingServer(says(answer)) as server, pytest.raises(PingFailed) as caught:
        toxiproxy.ping(server.address, PATIENT_S)
    assert why in str(caught.value)


def test_chunks_and_what_may_trail_them() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nTrailer: 1\r\n\r\n"
    with MisbehavingServer(says(VERSION + chunked)) as server:
        assert toxiproxy.ping(server.address, PATIENT_S).detail == "0 proxies, 0 disabled"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"[]", "/proxies is not an object"),
        (b'{"a":{"listen":5}}', "a proxy does not tell where it listens"),
        (b'{"a":{"listen":"x:1","upstream":5}}', "a proxy does not tell where it leads"),
    ],
)
def test_proxies_that_listen_nowhere(answer: bytes, why: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
    look = toxiproxy.proxies if "leads" in why else toxiproxy.listening
    with MisbehavingServer(says(head + answer)) as server, pytest.raises(PingFailed, match=why):
        look(server.address, PATIENT_S)
