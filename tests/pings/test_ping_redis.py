"""Redis: against the real server, healthy and in each state in which it answers with an error."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, says
from real_servers import await_pong, awaited, chosen_address, redis_command, running
from redis import Redis

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import redis
from chaos_aura.stack.external.guess import guess

pytestmark = pytest.mark.live


@contextmanager
def client_of(address: Address) -> Iterator[Redis]:
    with closing(Redis(address.host, address.port)) as client:
        yield client


def test_it_tells_what_the_official_client_tells(redis_address: Address) -> None:
    pong = redis.ping(redis_address, PATIENT_S)
    with client_of(redis_address) as client:
        assert pong.version == client.info("server")["redis_version"]
    assert pong.detail == "PONG"


def test_a_server_that_wants_a_password(tmp_path: Path) -> None:
    with chosen_address() as address, running(redis_command(address, "--requirepass", "a"), tmp_path):
        await_failure(address, "NOAUTH Authentication required")
        found = guess(address, 6379, "thing")
    assert (found.kind, found.has_answered) == ("redis", False)
    assert found.told.startswith("by its image or its port; it does not answer so: it answered with an error: NOAUTH")


def test_a_server_that_cannot_save(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with (
        chosen_address() as address,
        running(redis_command(address, "--dir", str(data)), tmp_path) as server,
    ):
        await_pong(redis.ping, address)
        data.rmdir()
        with client_of(address) as client:
            client.config_set("save", "900 1")  # only who saves by itself minds
            client.bgsave()
        await_failure(address, "MISCONF")
        server.kill()  # asked to stop, it would insist on saving first


def test_a_server_that_is_still_loading(tmp_path: Path) -> None:
    with chosen_address() as address:
        with running(redis_command(address, "--rdbcompression", "no"), tmp_path), client_of(address) as client:
            await_pong(redis.ping, address)
            client.mset({f"key {number}": bytes(100_000) for number in range(200)})
            client.save()
        # It looks up from loading every 2 MB only, each two seconds of twenty.
        with running(redis_command(address, "--key-load-delay", "100000"), tmp_path):
            await_failure(address, "LOADING Redis is loading the dataset in memory")


def await_failure(address: Address, words: str) -> None:
    def attempt() -> None:
        with pytest.raises(PingFailed) as caught:
            redis.ping(address, PATIENT_S)
        assert f"redis at {address}: it answered with an error: {words}" in str(caught.value)

    awaited(attempt, unless=(AssertionError, pytest.fail.Exception))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"+PONG\r\n-ERR no INFO here\r\n", "ERR no INFO here"),
        (b"+PONG\r\n$6\r\nhz:10\n\r\n", "INFO does not tell redis_version"),
        (b"+PONG\r\n$-1\r\n", "its answer starts with '$-1'"),
        (b"+PONG\r\n$" + b"9" * 5_000 + b"\r\n", "its answer starts with '$999"),
        (b"+PONG\r\n$9999999999\r\n", "an answer of 10000000001 bytes"),
        (b"+OK\r\n", "PING was answered with 'OK'"),
        (b"+PONG" * 20_000, "longer than 65536 bytes"),
    ],
)
def test_answers_that_are_none(answer: bytes, why: str) -> None:
    with MisbehavingServer(says(answer)) as server, pytest.raises(PingFailed) as caught:
        redis.ping(server.address, PATIENT_S)
    assert why in str(caught.value)
