"""Tenants for tests: they ask, hold and give back over HTTP, whatever happens, and remember what they were told."""

import asyncio
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from awaiting import NeverCame, wait_until

_GPU_TYPES = ("t4", "t4", "v100", "a100")
_PATIENCE_S = 120.0
_WITHIN_S = 90.0
_AGAIN_AFTER_S = 0.25


@dataclass
class Held:
    """One allocation as its tenant sees it. Times are monotonic seconds."""

    request_id: str
    tenant: str
    gpu_type: str
    count: int
    asked_at_s: float
    granted_at_s: float | None = None
    gpu_ids: tuple[str, ...] = ()
    refused: str = ""
    release_asked_at_s: float | None = None
    release_told_at_s: float | None = None
    answers: list[str] = field(default_factory=list)
    waits_since_s: float | None = None  # a call of its own has no answer yet
    calls_s: list[tuple[float, float]] = field(default_factory=list)  # from when to when each lasted

    @property
    def is_granted(self) -> bool:
        return self.granted_at_s is not None

    @property
    def is_released(self) -> bool:
        return self.release_told_at_s is not None


class Tenants:
    """Arrivals come on time, whether answers do or not. Each request is repeated with its id until it is answered.

    Nobody gives up while others come: on a machine that cannot serve all, some are sent away again and again.
    """

    def __init__(
        self, url: Callable[[], str], seed: int, *, hold_s: float = 0.3, patience_s: float = _PATIENCE_S
    ) -> None:
        self._url = url
        self._random = random.Random(seed)
        self._hold_s = hold_s
        self._patience_s = patience_s
        self._give_up_at_s = float("inf")
        self.run = f"r{seed}-{time.time_ns():x}"
        self._numbers = itertools.count()
        self.all: list[Held] = []

    @property
    def living(self) -> list[Held]:
        """Those that have come and neither been refused nor given back what they got."""
        return [held for held in list(self.all) if not held.refused and not held.is_released]

    async def arrive(self, rate: float, until: Callable[[], bool]) -> None:
        """All that came are answered when it returns."""
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(timeout=8.0, limits=limits) as client, asyncio.TaskGroup() as tenants:
            due_s = time.monotonic()
            while not until():
                due_s += 1 / rate
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                tenants.create_task(self._live(client))
            self._give_up_at_s = time.monotonic() + self._patience_s

    async def _live(self, client: httpx.AsyncClient) -> None:
        number = next(self._numbers)
        held = Held(
            request_id=f"{self.run}-{number}",
            tenant=f"tenant-{self.run}-{number % 5}",
            gpu_type=self._random.choice(_GPU_TYPES),
            count=self._random.choice((1, 1, 2)),
            asked_at_s=time.monotonic(),
        )
        self.all.append(held)
        await self._ask(client, held)
        if held.is_granted:
            await asyncio.sleep(self._random.uniform(0, 2 * self._hold_s))
            await self._give_back(client, held)

    async def _ask(self, client: httpx.AsyncClient, held: Held) -> None:
        body = {
            "request_id": held.request_id,
            "tenant": held.tenant,
            "gpu_type": held.gpu_type,
            "count": held.count,
            "hours": 1,
        }

        async def ask() -> httpx.Response | None:
            told = await client.post(f"{self._url()}/allocations", json=body)
            held.answers.append(str(told.status_code))
            if told.status_code in (200, 201):
                held.granted_at_s = time.monotonic()
                held.gpu_ids = tuple(_gpu_ids_in(told.json()))
            elif told.status_code == 409:
                held.refused = told.json()["error"]["reason"]
            return None if told.status_code in (200, 201, 409) else told

        await self._repeated(held, ask)

    async def _give_back(self, client: httpx.AsyncClient, held: Held) -> None:
        held.release_asked_at_s = time.monotonic()

        async def give_back() -> httpx.Response | None:
            told = await client.delete(
                f"{self._url()}/allocations/{held.request_id}", headers={"X-Tenant": held.tenant}
            )
            held.answers.append(f"D{told.status_code}")
            # Told "already" it was an earlier try of this tenant's whose answer was lost.
            return None if told.status_code in (200, 409) else told

        if await self._repeated(held, give_back):
            held.release_told_at_s = time.monotonic()

    async def _repeated(self, held: Held, call: Callable[[], Awaitable[httpx.Response | None]]) -> bool:
        """As a careful client does it: again and again, with the same id, not before it is asked to."""
        while time.monotonic() < self._give_up_at_s:
            began_s = held.waits_since_s = time.monotonic()
            again_after_s = _AGAIN_AFTER_S
            try:
                told = await call()
                if told is None:
                    return True
                again_after_s = float(told.headers.get("Retry-After", again_after_s))
            except httpx.TransportError as lost:
                held.answers.append(type(lost).__name__)
            finally:
                held.waits_since_s = None
                held.calls_s.append((began_s, time.monotonic()))
            await asyncio.sleep(again_after_s)
        return False


def _gpu_ids_in(document: dict[str, Any]) -> list[str]:
    return list((document.get("grant") or document)["gpu_ids"])


def two_owners(allocations: list[Held]) -> list[str]:
    """GPUs that two allocations certainly held at once: from a grant's answer to the first try to give it back."""
    spans: dict[str, list[tuple[float, float, str]]] = {}
    for held in allocations:
        for gpu_id in held.gpu_ids:
            span = (held.granted_at_s or 0.0, held.release_asked_at_s or float("inf"), held.request_id)
            spans.setdefault(gpu_id, []).append(span)
    found = []
    for gpu_id, held_spans in spans.items():
        for former, later in itertools.pairwise(sorted(held_spans)):
            if later[0] < former[1]:
                found.append(f"{gpu_id}: {former[2]} and {later[2]}")
    return found


class Load:
    """Tenants in a thread of their own, for as long as the block lasts."""

    def __init__(self, url: Callable[[], str], seed: int, rate: float, **options: float) -> None:
        self.tenants = Tenants(url, seed, **options)
        self._rate = rate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._failure:
            raise self._failure

    def wait_for_grants(self, count: int, within_s: float = _WITHIN_S) -> None:
        """Of requests that come from now on."""
        now_s = time.monotonic()
        try:
            wait_until(lambda: self.granted_after(now_s) >= count, within_s, f"{count} more grants")
        except NeverCame as never:
            answers = Counter(answer for held in list(self.tenants.all) for answer in held.answers[-3:])
            raise AssertionError(f"{never}; the last answers: {answers}") from None

    def wait_for_releases(self, count: int, within_s: float = _WITHIN_S) -> None:
        """Of requests that come from now on."""
        now_s = time.monotonic()
        wait_until(lambda: self.released_after(now_s) >= count, within_s, f"{count} more releases")

    def wait_for_arrivals(self, count: int, within_s: float = _WITHIN_S) -> None:
        """Answered or not."""
        before = len(self.tenants.all)
        wait_until(lambda: len(self.tenants.all) >= before + count, within_s, f"{count} more arrivals")

    def wait_for_a_call_under_way(self, for_s: float, within_s: float = _WITHIN_S) -> None:
        """One that has had no answer for so long."""

        def is_under_way() -> bool:
            began_s = [held.waits_since_s for held in list(self.tenants.all)]
            return any(each is not None and each <= time.monotonic() - for_s for each in began_s)

        wait_until(is_under_way, within_s, "a call under way")

    def calls_at(self, moment_s: float) -> int:
        """How many were under way then, as is known once they have ended."""
        return self.calls_between(moment_s, moment_s)

    def calls_between(self, from_s: float, until_s: float) -> int:
        """How many were under way at some time of it, as is known once they have ended."""
        calls_s = [each for held in list(self.tenants.all) for each in held.calls_s]
        return sum(began_s < until_s and from_s < ended_s for began_s, ended_s in calls_s)

    def granted_after(self, moment_s: float) -> int:
        """Of requests that came after it."""
        return sum(held.is_granted and held.asked_at_s > moment_s for held in list(self.tenants.all))

    def released_after(self, moment_s: float) -> int:
        return sum(held.is_released and held.asked_at_s > moment_s for held in list(self.tenants.all))

    def _run(self) -> None:
        try:
            asyncio.run(self.tenants.arrive(self._rate, self._over.is_set))
        except BaseException as failure:  # noqa: BLE001 - raised again where the test waits
            self._failure = failure
