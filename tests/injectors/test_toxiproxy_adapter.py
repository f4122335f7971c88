"""The package for Toxiproxy's interface, made safe: servers side by side, errors as errors, its own words."""

import http.server
import json
import random
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from awaiting import wait_until
from hurting import paused

from chaos_aura.core.address import Address, on_loopback
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.stack import ports
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.running import RunningStack
from injectors.toxiproxy.adapter import Server
from injectors.toxiproxy.toxic import Toxic
from injectors.toxiproxy.unanswered import Missing, Unanswered

EDGE = "worker.redis"
SLOW = Toxic("chaos-test-down", "latency", "downstream", {"latency": 10, "jitter": 0})


def server_of(stack: RunningStack) -> Server:
    return Server(stack.catalogue.service("toxiproxy").address)


@pytest.fixture
def server(stack: RunningStack) -> Iterator[Server]:
    one = server_of(stack)
    yield one
    for toxic in getattr(one.proxy(EDGE), "toxics", ()):
        one.remove(EDGE, toxic.name)


@contextmanager
def second_toxiproxy(cache: Cache, folder: Path) -> Iterator[Address]:
    """A process of the same program with one proxy of the same name, which leads nowhere."""
    reservation = ports.choose(2, random.Random(0))  # kept from other stacks, not from who listens there
    api, listen = (on_loopback(port) for port in reservation.ports)
    config = folder / "proxies.json"
    config.write_text(json.dumps([{"name": EDGE, "listen": str(listen), "upstream": "127.0.0.1:9", "enabled": True}]))
    argv = [str(cache.toxiproxy), "-host", api.host, "-port", str(api.port), "-config", str(config)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: has_proxy(Server(api)), 60, "a second Toxiproxy answers")
            yield api
        finally:
            process.kill()
            reservation.release()


def has_proxy(server: Server) -> bool:
    try:
        return server.proxy(EDGE) is not None
    except Unanswered:
        return False


def test_what_is_added_is_read_back_and_removed(server: Server) -> None:
    server.add(EDGE, SLOW)
    proxy = server.proxy(EDGE)
    assert proxy
    assert proxy.toxics == (SLOW,)
    server.remove(EDGE, SLOW.name)
    assert server.proxy(EDGE) == type(proxy)(EDGE, enabled=True, toxics=())


def test_two_servers_are_used_side_by_side(server: Server, whole_cache: Cache, tmp_path: Path) -> None:
    with second_toxiproxy(whole_cache, tmp_path) as address:
        other = Server(address)
        server.add(EDGE, SLOW)
        assert other.proxy(EDGE) == type(other.proxy(EDGE))(EDGE, enabled=True, toxics=())  # type: ignore[misc]
        other.enable(EDGE, enabled=False)
        here, there = server.proxy(EDGE), other.proxy(EDGE)
        assert here
        assert there
        assert (here.enabled, here.toxics) == (True, (SLOW,))
        assert (there.enabled, there.toxics) == (False, ())


def test_what_is_not_there_is_told_from_what_went_wrong(server: Server) -> None:
    assert server.proxy("nobody.nothing") is None
    with pytest.raises(Missing, match="toxic not found"):
        server.remove(EDGE, "chaos-nobody")
    with pytest.raises(Missing, match="proxy not found"):
        server.add("nobody.nothing", SLOW)
    with pytest.raises(Missing, match="proxy not found"):
        server.enable("nobody.nothing", enabled=True)


def test_its_own_words_are_kept(server: Server) -> None:
    server.add(EDGE, SLOW)
    with pytest.raises(TargetUnfit, match=r"^toxiproxy at 127.0.0.1:\d+: refused POST .*: toxic already exists; "):
        server.add(EDGE, SLOW)
    with pytest.raises(TargetUnfit, match=r"refused POST .*: invalid toxic type"):
        server.add(EDGE, Toxic("chaos-test", "earthquake", "downstream", {}))
    with pytest.raises(TargetUnfit, match=r"refused POST .*: stream was invalid"):
        server.add(EDGE, Toxic("chaos-test", "latency", "sideways", {}))


def test_one_that_hangs_and_one_that_is_not_there(stack: RunningStack, server: Server) -> None:
    with paused(stack, "toxiproxy"), pytest.raises(Unanswered, match="no answer within 1 s") as hangs:
        server.proxy(EDGE)
    assert not hangs.value.nobody_listens
    with socket.socket() as taken:  # so that nobody else can listen there
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unanswered, match="nothing listens there") as nobody:
            Server(on_loopback(taken.getsockname()[1])).proxy(EDGE)
    assert nobody.value.nobody_listens


def test_proxies_of_the_environment_are_not_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert server.proxy(EDGE)


@contextmanager
def saying(status: int, body: bytes) -> Iterator[tuple[Address, list[str]]]:
    """A server that is no Toxiproxy, or a sick one. Comes with the methods it was asked with."""
    asked: list[str] = []

    class Says(http.server.BaseHTTPRequestHandler):
        def _say(self) -> None:
            asked.append(self.command)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _say  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Says) as sick:
        thread = threading.Thread(target=sick.serve_forever)
        thread.start()
        try:
            yield on_loopback(sick.server_port), asked
        finally:
            sick.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [500, 503, 302, 405])
def test_no_error_passes_for_success(status: int) -> None:
    with saying(status, b'{"error": "out of order", "status": 500}') as (address, _):
        server = Server(address)
        for ask in (
            lambda: server.proxy(EDGE),
            lambda: server.add(EDGE, SLOW),
            lambda: server.remove(EDGE, SLOW.name),
            lambda: server.enable(EDGE, enabled=True),
        ):
            with pytest.raises(TargetUnfit, match=f"with {status}: out of order"):
                ask()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"name": "x"}'])
def test_a_stranger_is_not_taken_for_a_toxiproxy(body: bytes) -> None:
    with (
        saying(200, body) as (address, _),
        pytest.raises(TargetUnfit, match="its answer is not that of a Toxiproxy"),
    ):
        Server(address).proxy(EDGE)


def test_disabling_uses_patch_and_is_believed_only_when_confirmed() -> None:
    still_enabled = {"name": EDGE, "listen": "", "upstream": "", "enabled": True, "toxics": []}
    with saying(200, json.dumps(still_enabled).encode()) as (address, asked):
        with pytest.raises(TargetUnfit, match=f"did not disable proxy {EDGE}"):
            Server(address).enable(EDGE, enabled=False)
        assert asked == ["PATCH"]
