"""What tenants wait for while a store is away, how late events are, and how soon those are told who cannot be served.

Arrivals come on time, whether answers do or not; what a tenant waits counts from when it came. The peer is the same
load with nothing away, in the same run; for those who are sent away, a page of the API that needs nobody else.
Goals: a grant's p95 below 10 s with any one store down, an event on Kafka within 1 s, 503 within 1 s.
"""

import asyncio
import json
import random
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Self

from books import api_url
from clients import kafka
from local_stack import placed
from proxies import cut, every_edge_cut
from tenants import Load

from chaos_aura.stack.running import RunningStack

_RATE = 5.0
_GRANTS = 60
_BURST = 250
_AWAY_CALLS = 20
_WITHIN_S = 120
_TOPIC = "allocation.events"


def quantile(seconds: Sequence[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def quantiles(seconds: Sequence[float]) -> str:
    p50, p95, longest = (quantile(seconds, share) * 1000 for share in (0.5, 0.95, 1))
    return f"p50 {p50:7.1f}  p95 {p95:7.1f}  longest {longest:7.1f} ms  of {len(seconds)}"


class Listener:
    """Reads the events past the platform, and remembers how old each was when it came."""

    def __init__(self, stack: RunningStack) -> None:
        self.ages_s: list[float] = []
        self._over = threading.Event()
        self._listens = threading.Event()
        self._address = str(stack.catalogue.service("kafka").address)
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listens.wait(_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        consumer = kafka.KafkaConsumer(bootstrap_servers=self._address, enable_auto_commit=False)
        partitions = [kafka.TopicPartition(_TOPIC, each) for each in consumer.partitions_for_topic(_TOPIC) or ()]
        consumer.assign(partitions)
        consumer.seek_to_end(*partitions)
        for each in partitions:
            consumer.position(each)
        self._listens.set()
        while not self._over.is_set():
            for messages in consumer.poll(timeout_ms=100).values():
                now_s = time.time()
                self.ages_s += [now_s - json.loads(message.value)["at_ms"] / 1000 for message in messages]
        consumer.close(autocommit=False)


def bench_grants(stack: RunningStack, store: str | None) -> float:
    """The p95 of a grant, from its tenant's coming."""
    with Load(lambda: api_url(stack), random.randrange(10**6), _RATE) as load:
        load.wait_for_grants(10, _WITHIN_S)
        with every_edge_cut(stack, store) if store else nullcontext(), Listener(stack) as listener:
            began_s = time.monotonic()
            load.wait_for_grants(_GRANTS, _WITHIN_S)
        waits_s = [
            held.granted_at_s - held.asked_at_s
            for held in load.tenants.all
            if held.granted_at_s and held.asked_at_s > began_s
        ]
    print(f"  {store or 'nothing':<8} away: grant  {quantiles(waits_s)}")
    if store != "kafka":
        print(f"  {'':<14} event  {quantiles(listener.ages_s)}")
    return quantile(waits_s, 0.95)


def request_of(address: tuple[str, int]) -> bytes:
    told = {"request_id": f"soon-{uuid.uuid4()}", "tenant": "soon", "gpu_type": "t4", "count": 1, "hours": 0.002}
    body = json.dumps(told).encode()
    head = f"POST /allocations HTTP/1.1\r\nHost: {address[0]}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def page_of(address: tuple[str, int]) -> bytes:
    return f"GET /healthz HTTP/1.1\r\nHost: {address[0]}\r\n\r\n".encode()


async def asked_at_once(address: tuple[str, int], requests: Sequence[bytes]) -> list[tuple[int, float]]:
    """Status and seconds of each, over connections that are there already: what the client does must not count."""
    connections = [await asyncio.open_connection(*address) for _ in requests]

    async def ask(number: int) -> tuple[int, float]:
        reader, writer = connections[number]
        began_s = time.perf_counter()
        writer.write(requests[number])
        status = int((await reader.readline()).split()[1])
        took_s = time.perf_counter() - began_s
        writer.close()
        return status, took_s

    return list(await asyncio.gather(*(ask(number) for number in range(len(requests)))))


def bench_sent_away(stack: RunningStack) -> None:
    at = stack.catalogue.service("api").address
    address = (at.host, at.port)
    pages = asyncio.run(asked_at_once(address, [page_of(address)] * _BURST))
    burst = asyncio.run(asked_at_once(address, [request_of(address) for _ in range(_BURST)]))
    sent_away = [took_s for status, took_s in burst if status == 503]
    print(f"  {_BURST} pages at once          {quantiles([took_s for _, took_s in pages])}")
    print(f"  {_BURST} requests at once: 503  {quantiles(sent_away)}")
    print(f"    which is {max(sent_away) / max(took_s for _, took_s in pages):.1f} x the longest page")
    with cut(stack, "api.temporal"):
        told = [asyncio.run(asked_at_once(address, [request_of(address)]))[0] for _ in range(_AWAY_CALLS)]
    assert {status for status, _ in told} == {503}
    print(f"  Temporal away: 503          {quantiles([took_s for _, took_s in told])}, most by an open breaker")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="chaos-aura-bench-") as folder, placed(Path(folder)) as one:
        one.up()
        stack = one.running()
        print(f"{_RATE:g} requests/s, each held for a moment and given back; {_GRANTS} grants or more each time")
        usual_s = bench_grants(stack, None)
        for store in ("neo4j", "redis", "kafka"):
            hurt_s = bench_grants(stack, store)
            print(f"  {'':<14} a grant's p95 is {hurt_s / usual_s:.1f} x the usual (goal: below 10 s)")
        print("those who cannot be served (goal: told within 1 s)")
        bench_sent_away(stack)


if __name__ == "__main__":
    main()
