"""Each service answers its greeting, with as many bytes as are asked for, and a part of an answer is not the whole."""

import socket

import pytest

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.stack.running import RunningStack
from injectors.toxiproxy.exchange import Exchange, Outcome, Question
from injectors.toxiproxy.greetings import Greeting, greeting_for

SERVICES = ("redis", "neo4j", "kafka", "temporal", "api")
_WITHIN_MS = 30_000  # a JVM that is asked for the first time, on a busy machine


def spoken_to(stack: RunningStack, name: str) -> tuple[Service, Greeting]:
    service = stack.catalogue.service(name)
    greeting = greeting_for(name, service.scheme)
    assert greeting
    return service, greeting


def asked(address: Address, greeting: Greeting, size: int) -> Exchange:
    return Question(greeting, size, _WITHIN_MS, end_within_ms=_WITHIN_MS).ask(address)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 1])
def test_it_is_answered_with_as_many_bytes(stack: RunningStack, name: str, share: float) -> None:
    service, greeting = spoken_to(stack, name)
    size = int(greeting.most_bytes * share)
    assert len(greeting.question(size)) >= size
    exchange = asked(service.address, greeting, size)
    assert exchange.outcome is Outcome.ANSWERED
    assert exchange.received > size
    assert exchange.end_ms >= 0


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("share", [0, 0.3])
def test_a_part_of_an_answer_is_not_the_whole(stack: RunningStack, name: str, share: float) -> None:
    service, greeting = spoken_to(stack, name)
    size = int(greeting.most_bytes * share)
    answer = b""
    with socket.create_connection((service.address.host, service.address.port), _WITHIN_MS / 1000) as connection:
        connection.sendall(greeting.question(size))
        while not greeting.is_whole(answer, size):
            chunk = connection.recv(1)
            assert chunk
            answer += chunk
    assert not greeting.is_whole(b"", size)
    assert not greeting.is_whole(answer[:-1], size)
    assert not greeting.is_whole(answer[: len(answer) // 2], size)


def test_a_refusal_of_redis_is_an_answer() -> None:
    greeting = greeting_for("redis", "redis")
    assert greeting
    assert greeting.is_whole(b"-LOADING Redis is loading the dataset in memory\r\n", 10)
    assert not greeting.is_whole(b"-LOADING Redis is", 10)


def test_a_failure_of_neo4j_is_an_answer() -> None:
    greeting = greeting_for("neo4j", "bolt")
    assert greeting
    assert greeting.is_whole(b"\0\0\x08\x05" + b"\0\x03\xb1\x7f\xa0\0\0", 10)


def test_nobody_speaks_an_unknown_language() -> None:
    assert greeting_for("postgres", "postgresql") is None
