"""A process of the platform, by its own word: every word it may say, and what is none."""

import json

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, says

from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import Pong, readyz


def answer(status: str, document: object) -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def ping(status: str, document: object) -> Pong:
    with MisbehavingServer(says(answer(status, document))) as server:
        return readyz.ping("worker", server.address, PATIENT_S)


def breakers(**states: object) -> dict[str, object]:
    return {name: {"state": state, "latency_s": 0.1} for name, state in states.items()}


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        ({"status": "ready"}, "ready"),
        ({"status": "ready", "dependencies": breakers(neo4j="closed", redis="closed")}, "ready"),
        ({"status": "degraded", "dependencies": breakers(neo4j="open", redis="closed")}, "degraded: neo4j open"),
        (
            {"status": "degraded", "dependencies": breakers(neo4j="open", kafka="half_open")},
            "degraded: neo4j open, kafka half_open",
        ),
        ({"status": "degraded", "undone": ["schema", "topics"]}, "degraded: no schema yet, no topics yet"),
        ({"status": "ready", "dependencies": {"neo4j": "closed"}, "undone": "much", "more": [1]}, "ready"),
        ({"status": "ready", "dependencies": [1], "undone": [1]}, "ready"),
        ({"status": "two\nlines"}, "two lines"),
        (
            {"status": "degraded", "dependencies": {"neo4j": {"state": "closed", "answers": False}}},
            "degraded: neo4j away",
        ),
        ({"status": "ready", "dependencies": {"neo4j": {"state": 1, "answers": None}}}, "ready"),
        ({"redis": {"state": "half_open"}, "kafka": {"state": "closed"}, "lag": [1]}, "ready: redis half_open"),
        ({"status": 1, "redis": {"state": "closed"}}, "ready"),
    ],
)
def test_ready_or_degraded_is_a_pong_that_says_so(document: object, detail: str) -> None:
    assert ping("200 OK", document).detail == detail


@pytest.mark.parametrize(
    ("status", "document", "why"),
    [
        (
            "503 Service Unavailable",
            {"status": "away", "undone": ["pool"]},
            "503 Service Unavailable: away: no pool yet",
        ),
        (
            "503 Service Unavailable",
            {"error": "no readiness\nwithin 3 s"},
            "503 Service Unavailable: no readiness within 3 s",
        ),
        ("503 Service Unavailable", {"redis": {"state": "open"}}, "503 Service Unavailable: not ready: redis open"),
        ("500 Internal Server Error", b"oh\nno", "500 Internal Server Error: oh no"),
        ("404 Not Found", {"detail": "Not Found"}, '404 Not Found: {"detail": "Not Found"}'),
    ],
)
def test_any_other_status_is_its_failure_in_its_own_words(status: str, document: object, why: str) -> None:
    with pytest.raises(PingFailed) as failed:
        ping(status, document)
    assert failed.value.why == f"it answered with an error: {why}"


@pytest.mark.parametrize(
    "document",
    [b"", b"ready", b"[]", b'"ready"', {}, {"version": "2.12.0"}, {"status": 1, "redis": {"state": 1}}, b"[" * 100_000],
)
def test_a_page_that_tells_nothing_is_not_the_platforms(document: object) -> None:
    with pytest.raises(PingFailed, match="does not speak the protocol of worker: /readyz tells of no status and"):
        ping("200 OK", document)
