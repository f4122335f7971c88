"""A stranger's HTTP service: its number decides, its page may be anything."""

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, resets, says, says_and_closes

from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import Pong, http

SHORT_S = 0.3


def ping(answer: bytes, within_s: float = PATIENT_S) -> Pong:
    with MisbehavingServer(says(answer)) as server:
        return http.ping("web", server.address, "/healthz", within_s)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 for /healthz"),
        (b"HTTP/1.0 200 OK\r\n\r\nas long as it likes", "200 for /healthz"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "204 for /healthz"),
        (b"HTTP/1.1 200\r\nContent-Type: image/png\r\n\r\n\xff\xd8\x00", "200 for /healthz"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "200 for /healthz"),
    ],
)
def test_every_2xx_is_well_whatever_its_page(answer: bytes, detail: str) -> None:
    pong = ping(answer)
    assert (pong.version, pong.detail) == ("", detail)
    assert 0 < pong.latency_s < PATIENT_S


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "it answered with an error: 503 Service Unavailable for /healthz",
        ),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "it answered with an error: 404 Not Found for /healthz"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "it answered with an error: 302 Found for /healthz"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "it answered with an error: 2000 OK for /healthz"),
        (b"+PONG\r\n", "it does not speak the protocol of web: its answer starts with '+PONG'"),
    ],
)
def test_all_else_is_not(answer: bytes, why: str) -> None:
    with pytest.raises(PingFailed) as failed:
        ping(answer)
    assert failed.value.why == why


def test_one_that_never_answers_whole_or_hangs_up() -> None:
    with pytest.raises(PingFailed, match=r"no full answer within 0\.3 s"):
        ping(b"HTTP/1.1 200 OK\r\nHalf", SHORT_S)
    with (
        MisbehavingServer(says_and_closes(b"HTTP/1.1 200 OK\r\n")) as server,
        pytest.raises(PingFailed, match="closed"),
    ):
        http.ping("web", server.address, "/", PATIENT_S)
    with MisbehavingServer(resets) as server, pytest.raises(PingFailed, match="reset by peer"):
        http.ping("web", server.address, "/", PATIENT_S)
