"""Ports that nobody else has or will choose."""

import random
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chaos_aura.core.address import LOOPBACK
from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.ports import choose, is_free

_CHOOSERS = 8
_EACH = 40
# Everybody wishes for the same, and holds what it has until it is killed.
_CHOOSES = f"""
import random, sys
from chaos_aura.stack.ports import choose
print("ready", flush=True)
sys.stdin.readline()
reservation = choose({_EACH}, random.Random(3))
print(*reservation.ports, flush=True)
sys.stdin.read()
"""


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
    assert is_free(port)
    with socket.create_server((address, port)):
        assert not is_free(port)
        wish.release()  # only now: what is free may be another stack's
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


@pytest.mark.alone
def test_more_than_there_are() -> None:
    """Tried with every port that a stack could choose: whoever starts one then would find none."""
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


@contextmanager
def chooser() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _CHOOSES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_many_at_once_never_share_one() -> None:
    with ExitStack() as entered:
        choosers = [entered.enter_context(chooser()) for _ in range(_CHOOSERS)]
        said = [process.stdout for process in choosers if process.stdout]
        assert [each.readline() for each in said] == ["ready\n"] * _CHOOSERS
        for process in choosers:
            assert process.stdin
            process.stdin.write("choose\n")
            process.stdin.flush()
        ports = [port for each in said for port in each.readline().split()]
    assert len(ports) == _CHOOSERS * _EACH
    assert len(set(ports)) == len(ports)
