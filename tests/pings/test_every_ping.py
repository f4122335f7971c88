"""What holds for each ping, whatever the server does: a Pong or PingFailed, in time, and no socket left open."""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from misbehaving_server import PATIENT_S, Behaviour, MisbehavingServer, drips, resets, says, says_and_closes
from real_servers import awaited
from recorded_answers import RECORDED, Recorded

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed

TIMEOUT_S = 0.4
SLACK_S = 20.0  # of two cores that others use too; without a deadline it would be for ever

every_ping = pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded.service)


def failure(recorded: Recorded, behaviour: Behaviour, within_s: float = PATIENT_S) -> PingFailed:
    """Of what ends by itself; what does not ends by the deadline."""
    with MisbehavingServer(behaviour) as server:
        return failure_at(recorded, server.address, within_s)


def failure_at(recorded: Recorded, address: Address, within_s: float = PATIENT_S) -> PingFailed:
    started = time.monotonic()
    with pytest.raises(PingFailed) as caught:
        recorded.ping(address, within_s)
    assert time.monotonic() - started < within_s + SLACK_S
    assert caught.value.where == f"{recorded.service} at {address}"
    assert "\n" not in str(caught.value)
    return caught.value


@every_ping
def test_the_whole_answer_is_a_pong(recorded: Recorded) -> None:
    with MisbehavingServer(says(recorded.answer)) as server:
        pong = recorded.ping(server.address, PATIENT_S)
    assert (pong.version, pong.detail) == (recorded.version, recorded.detail)
    assert 0 < pong.latency_s < PATIENT_S


@every_ping
def test_the_whole_answer_in_small_pieces_is_a_pong(recorded: Recorded) -> None:
    with MisbehavingServer(drips(recorded.answer, 0)) as server:
        assert recorded.ping(server.address, PATIENT_S).detail == recorded.detail


@every_ping
def test_nobody_listens(recorded: Recorded, free_address: Address) -> None:
    assert failure_at(recorded, free_address).why == "nothing listens there"


@every_ping
def test_silence(recorded: Recorded) -> None:
    assert failure(recorded, says(b""), TIMEOUT_S).why == "no full answer within 0.4 s"


@every_ping
def test_a_server_that_does_not_even_accept(recorded: Recorded, full_queue: Address) -> None:
    assert failure_at(recorded, full_queue, TIMEOUT_S).why == "no full answer within 0.4 s"


@every_ping
def test_half_an_answer_and_silence(recorded: Recorded) -> None:
    half = recorded.answer[: len(recorded.answer) // 2]
    assert failure(recorded, says(half), TIMEOUT_S).why == "no full answer within 0.4 s"


@every_ping
def test_half_an_answer_and_the_end(recorded: Recorded) -> None:
    half = recorded.answer[: len(recorded.answer) // 2]
    assert "closed the connection" in failure(recorded, says_and_closes(half)).why


@every_ping
def test_an_answer_that_drips_beyond_the_deadline(recorded: Recorded) -> None:
    """Each byte comes in time; only one deadline over all of them ends this."""
    drip = drips(recorded.answer, 3 * TIMEOUT_S / len(recorded.answer))
    assert failure(recorded, drip, TIMEOUT_S).why == "no full answer within 0.4 s"


@every_ping
def test_the_end_at_once(recorded: Recorded) -> None:
    assert "closed the connection" in failure(recorded, says_and_closes(b"")).why


@every_ping
def test_a_reset(recorded: Recorded) -> None:
    assert failure(recorded, resets).why == "Connection reset by peer"


@every_ping
@pytest.mark.parametrize("seed", range(5))
def test_garbage(recorded: Recorded, seed: int) -> None:
    failure(recorded, says_and_closes(random.Random(seed).randbytes(2_000)))


@every_ping
@pytest.mark.parametrize("other", RECORDED, ids=lambda other: other.service)
def test_the_answer_of_another_service(recorded: Recorded, other: Recorded) -> None:
    if other is not recorded:
        failure(recorded, says_and_closes(other.answer))


@every_ping
@hypothesis_settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_damaged_answer_never_raises_anything_else(recorded: Recorded, data: st.DataObject) -> None:
    with MisbehavingServer(says_and_closes(damaged(recorded.answer, data))) as server, suppress(PingFailed):
        recorded.ping(server.address, PATIENT_S)


def damaged(answer: bytes, data: st.DataObject) -> bytes:
    changed = bytearray(answer)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(answer) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(answer)) | st.just(len(answer)))
    return bytes(changed[:end])


@every_ping
def test_no_ping_leaves_a_socket_open(recorded: Recorded, free_address: Address) -> None:
    with MisbehavingServer(says(recorded.answer)) as good, MisbehavingServer(says_and_closes(b"?")) as bad:
        before = open_sockets()
        for _ in range(5):
            recorded.ping(good.address, PATIENT_S)
            for address in (bad.address, free_address):
                with pytest.raises(PingFailed):
                    recorded.ping(address, PATIENT_S)
        awaited(lambda: only(before))  # the server's side closes in a thread of its own


def only(before: set[str]) -> None:
    assert open_sockets() <= before


def open_sockets() -> set[str]:
    """`{"socket:[48213]"}`"""
    targets = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own descriptor, or one that a thread closes now
            targets.add(str(entry.readlink()))
    return {target for target in targets if target.startswith("socket:")}


@pytest.fixture
def full_queue() -> Iterator[Address]:
    """A listener whose queue is full: the kernel drops the next client's SYN."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield Address(*listener.getsockname())
