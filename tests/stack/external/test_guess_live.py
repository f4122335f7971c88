"""Real servers are told apart by how they answer, whatever they are called and wherever they listen."""

import pytest
from awaiting import wait_until
from http_pages import pages

from chaos_aura.stack.external.guess import guess
from chaos_aura.stack.running import RunningStack

_ODD_PORT = 4711
_WITHIN_S = 30  # a busy machine may be late once


@pytest.mark.parametrize(
    ("service", "kind", "health"),
    [
        ("redis", "redis", ""),
        ("kafka", "kafka", ""),
        ("neo4j", "neo4j", ""),
        ("temporal", "temporal", ""),
        ("toxiproxy", "toxiproxy", ""),
        ("api", "http", "/healthz"),
    ],
)
def test_each_by_its_answer_with_and_without_a_hint_or_with_a_wrong_one(
    stack: RunningStack, service: str, kind: str, health: str
) -> None:
    address = stack.catalogue.service(service).address
    for port, image in ((_ODD_PORT, "registry.example/team/thing:1"), (6379, ""), (80, f"{service}:latest")):

        def is_found(port: int = port, image: str = image) -> bool:
            found = guess(address, port, image)
            return (found.kind, found.health, found.has_answered) == (kind, health, True)

        wait_until(is_found, _WITHIN_S, f"it answers as what it is, by port {port} and image {image}")


def test_one_that_answers_nothing_is_what_its_image_or_its_port_says_or_nothing() -> None:
    with pages({}) as address:
        pass  # nothing listens there any more
    assert guess(address, _ODD_PORT, "library/redis:7").kind == "redis"
    assert guess(address, 9092, "thing").kind == "kafka"
    unknown = guess(address, _ODD_PORT, "thing")
    assert (unknown.kind, unknown.has_answered) == ("", False)
    assert unknown.told == "it answers in no way that is known here"


def test_one_that_speaks_http_has_the_first_page_that_is_well() -> None:
    with pages({"/": 200, "/health": 204}) as address:
        assert guess(address, _ODD_PORT, "thing").health == "/health"
    with pages({"/healthz": 503}) as address:
        found = guess(address, _ODD_PORT, "thing")
    assert (found.kind, found.health, found.has_answered) == ("http", "/", False)
    assert found.told.endswith("404 Not Found for /")
