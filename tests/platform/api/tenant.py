"""A tenant of a live stack: asks over HTTP, and gives back whatever it holds in the end.

On a busy machine a worker or a store may take longer than the API waits for it. Then it says so (202 or 503), and is
asked again as it asks for.
"""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from awaiting import wait_until

_WITHIN_S = 120.0  # a Neo4j that has just started, on a busy machine, plans its first queries for half a minute
_AWAY = 503
_UNDECIDED = (202, _AWAY)


@dataclass
class Tenant:
    http: httpx.Client
    name: str = field(default_factory=lambda: f"tenant-{uuid.uuid4().hex[:8]}")
    asked: list[str] = field(default_factory=list)

    def request(self, **told: Any) -> dict[str, Any]:
        request_id = told.pop("request_id", f"{self.name}-{len(self.asked)}")
        self.asked.append(request_id)
        plain = {"tenant": self.name, "gpu_type": "t4", "count": 1, "hours": 1}
        return {"request_id": request_id, **plain, **told}

    def ask(self, **told: Any) -> httpx.Response:
        return self.http.post("/allocations", json=self.request(**told))

    def known(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """The answer of those who know it."""

        def answer() -> httpx.Response | None:
            answered = ask()
            return None if answered.status_code == _AWAY else answered

        return wait_until(answer, _WITHIN_S, "an answer of those who know it")

    def answer_to(self, **told: Any) -> httpx.Response:
        """That decides the request."""
        return self._decision_on(self.request(**told))

    def answer_at_once(self, **told: Any) -> httpx.Response:
        """To the first of such requests that is decided while its tenant waits. The others are given back."""

        def answer() -> httpx.Response | None:
            request = self.request(**told)
            answered = self.http.post("/allocations", json=request)
            if answered.status_code not in _UNDECIDED:
                return answered
            self._decision_on(request)
            self.end(request["request_id"])
            return None

        return wait_until(answer, _WITHIN_S, f"an answer at once: {told}")

    def ask_at_once(self, requests: list[dict[str, Any]]) -> list[httpx.Response]:
        def answer_to(told: dict[str, Any]) -> httpx.Response:
            return self.known(lambda: self.http.post("/allocations", json=told))

        with ThreadPoolExecutor(len(requests)) as side_by_side:
            return list(side_by_side.map(answer_to, requests))

    def granted(self, **told: Any) -> dict[str, Any]:
        """The allocation, once it has been granted."""
        request = self.request(**told)

        def answer() -> dict[str, Any] | None:
            answered = self.http.post("/allocations", json=request)
            assert answered.status_code in (200, 201, 202, 503), answered.text
            return dict(answered.json()) if answered.status_code in (200, 201) else None

        return wait_until(answer, _WITHIN_S, f"a grant for {request}")

    def look(self, request_id: str) -> httpx.Response:
        return self.http.get(f"/allocations/{request_id}")

    def give_back(self, request_id: str, tenant: str | None = None) -> httpx.Response:
        return self.http.delete(f"/allocations/{request_id}", headers={"X-Tenant": tenant or self.name})

    def given_back(self, request_id: str, give_back: Callable[[str], httpx.Response] | None = None) -> None:
        """And told so; or it is repeated after nobody has answered, and may be told that it has been already."""
        answer = (give_back or self.give_back)(request_id)
        if answer.status_code == _AWAY:
            self.end(request_id)
        else:
            assert (answer.status_code, answer.json().get("state")) == (200, "released"), answer.text

    def end(self, request_id: str) -> None:
        """Whatever has become of it."""
        wait_until(
            lambda: self.give_back(request_id).status_code in (200, 404, 409), _WITHIN_S, f"the end of {request_id}"
        )

    def holds(self) -> set[str]:
        """By the pool."""
        view = self.known(lambda: self.http.get("/gpus"))
        assert view.status_code == 200, view.text
        return {each["gpu_id"] for each in view.json()["holders"] if each["tenant"] == self.name}

    def listed(self, state: str) -> dict[str, dict[str, Any]]:
        told = self.known(lambda: self.http.get("/allocations", params={"state": state, "limit": 1000}))
        assert told.status_code == 200, told.text
        return {each["allocation_id"]: each for each in told.json()["allocations"]}

    def is_ready(self) -> bool:
        """And so are its answers: a breaker may still be open when the last look was good."""
        with suppress(httpx.TransportError):
            told = self.http.get("/readyz").json()
            closed = all(each["state"] == "closed" for each in told["dependencies"].values())
            return bool(told["status"] == "ready" and closed)
        return False

    def _decision_on(self, request: dict[str, Any]) -> httpx.Response:
        def answer() -> httpx.Response | None:
            answered = self.http.post("/allocations", json=request)
            return None if answered.status_code in _UNDECIDED else answered

        return wait_until(answer, _WITHIN_S, f"a decision on {request}")


@contextmanager
def tenant_of(url: str) -> Iterator[Tenant]:
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    with httpx.Client(base_url=url, timeout=30, limits=limits) as http:
        one = Tenant(http)
        wait_until(one.is_ready, _WITHIN_S, "an API that is ready")
        try:
            yield one
        finally:
            wait_until(one.is_ready, _WITHIN_S, "an API that is ready again")
            for request_id in set(one.asked):
                one.end(request_id)
            assert not one.holds()
