"""Ports that nobody else has or will choose."""

import multiprocessing
import random
import resource
import socket
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from chaos_aura.core.address import LOOPBACK
from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.ports import choose, is_free

_CHOOSERS = 8
_EACH = 40
_WITHIN_S = 60.0


@pytest.fixture
def seed() -> int:
    """Another one each time: what runs beside must not wish for the same."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)  # noqa: T201 - shown when the test fails
    return seed


def test_they_lie_below_the_ephemeral_range_and_can_be_listened_on() -> None:
    lowest_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    reservation = choose(40, random.Random())
    assert len(set(reservation.ports)) == 40
    assert all(1024 < port < lowest_ephemeral for port in reservation.ports)
    for port in reservation.ports:
        socket.create_server((LOOPBACK, port)).close()
    reservation.release()
    assert reservation.ports == reservation.descriptors == ()


def test_none_is_none() -> None:
    assert choose(0, random.Random()).ports == ()


def test_the_same_wish_gives_other_ports_while_the_first_are_held(seed: int) -> None:
    first, second = choose(20, random.Random(seed)), choose(20, random.Random(seed))
    assert not set(first.ports) & set(second.ports)
    wished = first.ports
    first.release()
    third = choose(20, random.Random(seed))
    assert len(set(third.ports) & set(wished)) > 10  # some may be a stranger's by now
    for reservation in (second, third):
        reservation.release()


@pytest.mark.parametrize("address", [LOOPBACK, "0.0.0.0"])
def test_a_port_where_a_stranger_listens_is_not_chosen(address: str, seed: int) -> None:
    wish = choose(1, random.Random(seed))
    (port,) = wish.ports
    wish.release()
    assert is_free(port)
    with socket.create_server((address, port)):
        assert not is_free(port)
        other = choose(1, random.Random(seed))
        assert port not in other.ports
        other.release()
    assert is_free(port)


def test_a_port_whose_server_died_under_its_clients_is_free() -> None:
    reservation = choose(1, random.Random())
    (port,) = reservation.ports
    with socket.create_server((LOOPBACK, port)) as server, socket.create_connection((LOOPBACK, port)) as client:
        served, _ = server.accept()
        served.close()
        server.close()
        assert client.recv(1) == b""
        assert is_free(port)
    reservation.release()


def test_more_than_there_are() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(MachineLacks, match=r"^ports: [^\n]+; [^\n]+$"):
        choose(1_000_000, random.Random())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_no_descriptor_left() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 5, hard))
    try:
        with pytest.raises(MachineLacks, match=r"^ports: no socket to be had .*; raise the limit: ulimit -n$"):
            choose(50, random.Random())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _choose_many(begin: Event, chosen: "Queue[tuple[int, ...]]", release: Event) -> None:
    begin.wait(_WITHIN_S)
    reservation = choose(_EACH, random.Random(3))  # everybody wishes for the same
    chosen.put(reservation.ports)
    release.wait(_WITHIN_S)
    reservation.release()


def test_many_at_once_never_share_one() -> None:
    context = multiprocessing.get_context("spawn")
    begin, release, chosen = context.Event(), context.Event(), context.Queue()
    choosers = [context.Process(target=_choose_many, args=(begin, chosen, release)) for _ in range(_CHOOSERS)]
    for chooser in choosers:
        chooser.start()
    try:
        begin.set()
        ports = [port for _ in choosers for port in chosen.get(timeout=_WITHIN_S)]
    finally:
        release.set()
        for chooser in choosers:
            chooser.join(_WITHIN_S)
            chooser.kill()
    assert len(ports) == _CHOOSERS * _EACH
    assert len(set(ports)) == len(ports)
