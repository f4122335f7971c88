"""The process by itself: what it answers while everything is away, its pages, its beginning and its end."""

import asyncio
import itertools
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_process import STORES, ApiProcess, api_process
from awaiting import wait_until
from living import answer_and_its_time

# Of a request's body to arrive, and of a process that has been told to end.
_BODY_WITHIN_S, _ENDS_WITHIN_S = 5.0, 9.0
ASKED = {"request_id": "r-1", "tenant": "acme", "gpu_type": "a100", "count": 2, "hours": 3}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    with api_process(tmp_path_factory.mktemp("away")) as one:
        yield one


@pytest.fixture(scope="module")
def client(api: ApiProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url, timeout=20) as one:
        yield one


def error(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert set(document) == {"error"}
    assert set(document["error"]) - {"field"} == {"reason", "message", "request_id"}
    assert document["error"]["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return dict(document["error"])


def test_it_lives_and_says_what_is_away(client: httpx.Client) -> None:
    before = time.time()
    alive = client.get("/healthz").json()
    assert alive["status"] == "alive"
    assert before - 5 < alive["now"] < time.time() + 5
    answer = client.get("/readyz")
    assert answer.status_code == 503
    told = answer.json()
    assert told["status"] == "away"
    assert set(told["dependencies"]) == {*STORES, "worker"}
    for dependency in told["dependencies"].values():
        assert dependency["answers"] is False
        assert dependency["why"]
        assert dependency["state"] in {"closed", "open", "half_open"}


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("POST", "/allocations", ASKED),
        ("GET", "/allocations/r-1", None),
        ("DELETE", "/allocations/r-1?tenant=acme", None),
        ("GET", "/gpus", None),
        ("GET", "/allocations?state=granted", None),
        ("GET", "/allocations?state=pending", None),
    ],
)
def test_without_temporal_it_says_so_at_once_and_when_to_come_again(
    api: ApiProcess, method: str, path: str, document: object
) -> None:
    answer, took_s = answer_and_its_time(api.url, method, path, document)
    assert took_s < 4  # a POST that waits for an answer waits longer
    assert error(answer, 503)["reason"] == "temporal_away"
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("path", "reason"), [("/allocations?state=refused", "neo4j_away"), ("/tenants/acme/usage", "redis_away")]
)
def test_whoever_is_away_is_named(client: httpx.Client, path: str, reason: str) -> None:
    assert error(client.get(path), 503)["reason"] == reason


def test_a_list_of_all_tells_what_it_lacks(client: httpx.Client) -> None:
    answer = client.get("/allocations")
    assert answer.status_code == 200
    assert answer.json()["allocations"] == []
    assert set(answer.json()["incomplete"]) == {"pending", "granted", "refused", "released"}


def test_the_request_id_of_the_body_is_that_of_the_answer_and_of_the_log(api: ApiProcess, client: httpx.Client) -> None:
    answer = client.post("/allocations", json={**ASKED, "request_id": "told-everywhere"})
    assert answer.headers["x-request-id"] == "told-everywhere"
    told = {"event": "request", "request_id": "told-everywhere"}
    (line,) = wait_until(
        lambda: [line for line in api.log() if line.items() >= told.items()], 60, "its line in the log"
    )
    assert (line["route"], line["status"]) == ("POST /allocations", 503)
    assert line["why"]
    assert line["duration_ms"] > 0


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (json.dumps({**ASKED, "count": 0}), "count"),
        (json.dumps({**ASKED, "gpu_type": "b200"}), "gpu_type"),
        (json.dumps({**ASKED, "gpus": 1}), "gpus"),
        (json.dumps({**ASKED, "hours": float("nan")}), "hours"),
        ("{", "body"),
        ("", "body"),
    ],
)
def test_a_malformed_body_is_refused_with_its_field_named(client: httpx.Client, sent: str, field: str) -> None:
    for content_type in ("application/json", "application/x-www-form-urlencoded"):  # curl sends the latter
        answer = client.post("/allocations", content=sent, headers={"Content-Type": content_type})
        refused = error(answer, 422)
        assert (refused["reason"], refused["field"]) == ("malformed", field)


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/allocations?limit=0", "limit"),
        ("GET", "/allocations?limit=1001", "limit"),
        ("GET", "/allocations?limit=x", "limit"),
        ("GET", "/allocations?state=lost", "state"),
        ("GET", "/allocations/a%20b", "allocation_id"),
        ("GET", f"/allocations/{'x' * 129}", "allocation_id"),
        ("GET", "/tenants/-/usage", "tenant"),
        ("DELETE", "/allocations/r-1", "X-Tenant"),
        ("DELETE", "/allocations/r-1?tenant=", "tenant"),
        ("DELETE", "/allocations/r-1?tenant=a%0Ab", "tenant"),
        ("GET", "/allocations?tenant=acme", "tenant"),
        ("GET", "/allocations?sate=granted", "sate"),
        ("GET", "/allocations?state=granted&state=released", "state"),
        ("GET", "/allocations/r-1?tenant=acme", "tenant"),
        ("GET", "/gpus?gpu_type=t4", "gpu_type"),
        ("GET", "/tenants/acme/usage?since=1", "since"),
        ("DELETE", "/allocations/r-1?tenant=acme&force=yes", "force"),
        ("POST", "/allocations?dry=yes", "dry"),
    ],
)
def test_a_malformed_parameter_is_named(client: httpx.Client, method: str, path: str, field: str) -> None:
    refused = error(client.request(method, path), 422)
    assert refused["field"] == field
    assert refused["message"].startswith(field)


def test_a_tenant_may_not_be_told_in_two_ways_at_once(client: httpx.Client) -> None:
    answer = client.delete("/allocations/r-1?tenant=a", headers={"X-Tenant": "b"})
    assert error(answer, 422)["field"] == "tenant"


def test_a_tenant_may_not_be_told_twice(client: httpx.Client) -> None:
    answer = client.delete("/allocations/r-1", headers=[("X-Tenant", "a"), ("X-Tenant", "b")])
    assert error(answer, 422)["field"] == "X-Tenant"


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/allocations", "GET, POST"), ("/allocations/r-1", "DELETE, GET"), ("/gpus", "GET"), ("/readyz", "GET, HEAD")],
)
def test_a_wrong_method_is_told_the_right_ones(client: httpx.Client, path: str, methods: str) -> None:
    answer = client.put(path)
    assert error(answer, 405)["reason"] == "method_not_allowed"
    assert answer.headers["allow"] == methods


def test_machines_that_watch_may_ask_for_the_head_only(client: httpx.Client) -> None:
    for path in ("/healthz", "/readyz"):
        asked, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (asked.status_code, b"")
    assert int(client.get("/readyz").headers["retry-after"]) >= 1


def test_a_large_body_and_unknown_pages_are_refused_in_the_same_shape(client: httpx.Client) -> None:
    assert error(client.post("/allocations", content=b"x" * 20_000), 413)["reason"] == "too_large"
    assert error(client.get("/nothing"), 404)["reason"] == "no_such_page"
    assert error(client.get("/allocations/"), 404)["reason"] == "no_such_page"
    assert "message" in error(client.get("/%00%ff"), 404)


def test_the_documentation_shows_every_operation_and_asks_nobody_else(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    answer = client.get("/docs")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for path, operations in schema["paths"].items():
        for method in operations:
            assert f"{method.upper()} {path}" in answer.text
    for name in schema["components"]["schemas"]:
        assert f"id='{name}'" in answer.text
    for page in (answer.text, client.get("/openapi.json").text):
        assert not re.search(r"https?://|//[a-z]|<script|@import|url\(", page)


def test_every_reference_of_the_documentation_leads_somewhere(client: httpx.Client) -> None:
    text = client.get("/openapi.json").text
    known = json.loads(text)["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in known
    page = client.get("/docs").text
    for anchor in re.findall(r"href='#([^']+)'", page):
        assert f"id='{anchor}'" in page


def test_what_it_measures_can_be_read(client: httpx.Client) -> None:
    client.get("/nothing")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for metric in (
        'request_duration_seconds_count{route="GET unmatched",status="404"}',
        'admission_in_flight{lane="releases"} 0.0',
        "admission_queue_length 0.0",
        'circuit_breaker_state{dependency="temporal",process="api"}',
    ):
        assert metric in answer.text


def test_it_ends_well_when_it_is_told_to(tmp_path: Path) -> None:
    """A request under way is answered first, and no new one is taken."""
    folders = (tmp_path / str(number) for number in itertools.count())
    wait_until(lambda: _ends_well(next(folders)), 120, "an end that took no longer than it may")


def _ends_well(folder: Path) -> bool:
    """False where the machine stood still for so long that the half request, or the whole process, was cut off."""
    folder.mkdir()
    with api_process(folder) as api, socket.create_connection(("127.0.0.1", api.port)) as under_way:
        asked_s = time.monotonic()
        under_way.sendall(b"POST /allocations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
        wait_until(lambda: api.unread() == 0, 30, "the half request to be taken")
        told_s = time.monotonic()
        api.terminate()
        wait_until(lambda: _is_closed(api.port), 30, "a closed door")
        answer = _finished(under_way)
        answered_s = time.monotonic()
        assert api.process.wait(timeout=30) == 0
        if answered_s - asked_s >= _BODY_WITHIN_S or time.monotonic() - told_s >= _ENDS_WITHIN_S:
            return False
        assert answer.split()[1] == b"422"
        assert api.log()[-1]["event"] == "ended"
    return True


def _finished(under_way: socket.socket) -> bytes:
    with suppress(ConnectionError):  # it has been cut off
        under_way.sendall(b"}")
        return under_way.makefile("rb").readline()
    return b""


def test_it_ends_well_while_temporal_hangs(tmp_path: Path) -> None:
    with api_process(tmp_path, hanging=STORES) as api:
        api.terminate()
        assert api.process.wait(timeout=30) == 0


def test_a_flood_onto_a_hanging_temporal_is_sent_away_while_it_still_lives(tmp_path: Path) -> None:
    # The breaker would open by itself while nobody asks, and then be what sends them away.
    (tmp_path / "flags.json").write_text('{"circuit_breakers": false}', encoding="utf-8")
    with api_process(tmp_path, hanging=("temporal",)) as api:
        answers, lives = asyncio.run(_flood(api, 200))
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    reasons = [answer.json()["error"]["reason"] for answer in answers]
    assert set(reasons) == {"overloaded", "temporal_away"}
    assert reasons.count("overloaded") >= 200 - 32 - 64 - 32
    assert all(answer.status_code == 200 for answer in lives)


async def _flood(api: ApiProcess, size: int) -> tuple[list[httpx.Response], list[httpx.Response]]:
    """All of it comes at once, however long it takes to send."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=api.url, timeout=60, limits=limits) as client:
        with api.held_still():
            flood = [
                asyncio.create_task(client.post("/allocations", json={**ASKED, "request_id": f"f-{number}"}))
                for number in range(size)
            ]
            async with asyncio.timeout(60):
                while api.unread() < size:
                    await asyncio.sleep(0.02)
        lives = []
        while not all(each.done() for each in flood):
            lives.append(await client.get("/healthz"))
            await asyncio.sleep(0.05)
        return [each.result() for each in flood], lives


@pytest.mark.parametrize(
    ("document", "why"),
    [('{"process": "api", "home": ".", "listen": "127.0.0.1:0"}', "`temporal` is missing"), ("{", "is not JSON")],
)
def test_it_does_not_start_with_settings_that_it_cannot_use(tmp_path: Path, document: str, why: str) -> None:
    (tmp_path / "bad.json").write_text(document, encoding="utf-8")
    argv = [sys.executable, "-P", "-m", "chaos_aura.platform.api", "bad.json"]
    ended = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert why in ended.stdout + ended.stderr


def _is_closed(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return False
    except (ConnectionRefusedError, ConnectionResetError):  # reset is who comes in the moment of closing
        return True
