"""The publisher against a real Kafka, whole, cut off, slow, and gone."""

import asyncio
import gc
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from awaiting import wait_until
from clients import FORGOTTEN_SOCKETS, kafka
from event_samples import STORY, held_by, kinds_by_allocation, story, timestamps_ms
from kafka.admin import KafkaAdminClient
from proxies import cut, slowed

from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.events.topics import DEAD_LETTERS, EVENTS
from chaos_aura.stack.running import RunningStack

pytestmark = pytest.mark.filterwarnings(FORGOTTEN_SOCKETS)
_EDGE = "worker.kafka"
_WITHIN_S = 60.0
_NOBODY = "127.0.0.1:9"
_LONG_S = 20.0  # for a call that nothing ends


@pytest.fixture(autouse=True)
def _forgotten_sockets_are_collected_here() -> Iterator[None]:
    """Not in a later test, which would be blamed for them."""
    yield
    gc.collect()


@pytest.fixture
def prefix() -> str:
    return f"{uuid.uuid4().hex[:8]}-"


@pytest.fixture
def direct(stack: RunningStack) -> str:
    return stack.catalogue.service("kafka").uri


@pytest.fixture
def edge(stack: RunningStack) -> str:
    return stack.catalogue.edge(_EDGE).uri


@asynccontextmanager
async def _publishing(address: str, timeout_s: float = _WITHIN_S) -> AsyncIterator[Publisher]:
    """With half of its time-out a message is sent again."""
    publisher = Publisher(address, timeout_s=timeout_s)
    try:
        yield publisher
    finally:
        await publisher.close()


def test_events_are_on_the_topic_when_it_returns(direct: str, prefix: str) -> None:
    async def scene() -> None:
        async with _publishing(direct) as publisher:
            await publisher.publish([event for number in range(20) for event in story(f"{prefix}{number}")])
            assert kinds_by_allocation(direct, prefix) == {f"{prefix}{number}": STORY for number in range(20)}
            await publisher.publish([])

    asyncio.run(scene())
    assert len(held_by(direct, prefix)) == 20 * len(STORY)


def test_topics_are_made_once_and_stay(direct: str) -> None:
    async def scene() -> None:
        async with _publishing(direct) as publisher:
            await asyncio.gather(publisher.make_topics(), publisher.make_topics())
            await publisher.make_topics()
            await publisher.ping()

    asyncio.run(scene())
    admin = KafkaAdminClient(bootstrap_servers=direct)
    try:
        topics = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics([EVENTS, DEAD_LETTERS])}
    finally:
        admin.close()
    assert topics == {EVENTS: 4, DEAD_LETTERS: 1}


def test_order_holds_through_cuts_while_publishing(stack: RunningStack, edge: str, direct: str, prefix: str) -> None:
    """Each call is repeated whole until it succeeds, as a workflow does; some are given up half-way."""

    async def scene() -> int:
        ending = asyncio.Event()
        async with _publishing(edge, timeout_s=1.0) as publisher:
            seen: Counter[str] = Counter()
            tellers = [asyncio.create_task(_tell(publisher, f"{prefix}{each}.", ending, seen)) for each in range(6)]
            for failures in (1, 6, 30, 3):
                await _more(seen, "told", 6)
                with cut(stack, _EDGE):
                    await _more(seen, "failed", failures)
            await _more(seen, "told", 6)
            with slowed(stack, _EDGE, latency_ms=700):
                await _more(seen, "failed", 12)
            ending.set()
            async with asyncio.timeout(_WITHIN_S):
                return sum(await asyncio.gather(*tellers))

    told = asyncio.run(scene())
    found = kinds_by_allocation(direct, prefix)
    assert len(found) == told > 0
    assert {allocation: kinds for allocation, kinds in found.items() if kinds != STORY} == {}


async def _more(seen: "Counter[str]", what: str, count: int) -> None:
    """Of what the tellers meet, from now on."""
    before = seen[what]
    async with asyncio.timeout(_WITHIN_S):
        while seen[what] < before + count:
            await asyncio.sleep(0.01)


async def _tell(publisher: Publisher, prefix: str, ending: asyncio.Event, seen: "Counter[str]") -> int:
    count = 0
    patience_s = [0.05, 0.3, 2.0]
    while not ending.is_set():
        *decision, release = story(f"{prefix}{count}")
        for events in (decision, [release]):
            tries = 0
            while not await _published(publisher.publish(events), patience_s[tries % len(patience_s)]):
                tries += 1
                seen["failed"] += 1
        count += 1
        seen["told"] += 1
    return count


async def _published(publishing: Coroutine[None, None, None], patience_s: float) -> bool:
    try:
        async with asyncio.timeout(patience_s):
            await publishing
    except (TimeoutError, *Publisher.FAILURES):
        await asyncio.sleep(0.02)
        return False
    return True


async def _publish_at_last(publisher: Publisher, allocation_id: str) -> None:
    """A time-out that is short for the sake of an outage may be too short for a busy machine."""
    while not await _published(publisher.publish(story(allocation_id)), 5):
        pass


def test_next_event_is_handed_over_after_the_one_before_is_acknowledged(
    stack: RunningStack, edge: str, direct: str, prefix: str
) -> None:
    """Otherwise the first could expire and the second arrive, and a repeated call would tell them out of order."""
    latency_ms = 150

    async def scene() -> None:
        async with _publishing(edge) as publisher:
            await publisher.publish(story(f"{prefix}first"))
            with slowed(stack, _EDGE, latency_ms):
                await publisher.publish([event for number in range(3) for event in story(f"{prefix}{number}")])

    asyncio.run(scene())
    for number in range(3):
        handed_over_ms = timestamps_ms(direct, f"{prefix}{number}")
        waits_ms = [after - before for before, after in pairwise(handed_over_ms)]
        assert len(waits_ms) == len(STORY) - 1
        assert min(waits_ms) >= latency_ms - 5  # of the clock that stamps them


def test_works_again_soon_after_a_cut(stack: RunningStack, edge: str, direct: str, prefix: str) -> None:
    async def scene() -> None:
        async with _publishing(edge, timeout_s=1.0) as publisher:
            await _publish_at_last(publisher, f"{prefix}before")
            with cut(stack, _EDGE):
                for _ in range(3):
                    with pytest.raises(Publisher.FAILURES):
                        await publisher.publish(story(f"{prefix}during"))
                with pytest.raises(Publisher.FAILURES):
                    await publisher.ping()
            healed_s = time.monotonic()
            while not await _published(publisher.publish(story(f"{prefix}after")), 5):
                assert time.monotonic() - healed_s < 20
            while not await _published(publisher.ping(), 5):
                pass

    asyncio.run(asyncio.wait_for(scene(), 2 * _WITHIN_S))
    assert kinds_by_allocation(direct, prefix)[f"{prefix}after"] == STORY


def test_begins_while_kafka_is_away(stack: RunningStack, edge: str, direct: str, prefix: str) -> None:
    async def scene() -> None:
        async with _publishing(edge, timeout_s=1.0) as publisher:
            with cut(stack, _EDGE):
                with pytest.raises(Publisher.FAILURES):
                    await publisher.make_topics()
                with pytest.raises(Publisher.FAILURES):
                    await publisher.publish(story(f"{prefix}one"))
            await _publish_at_last(publisher, f"{prefix}one")

    asyncio.run(asyncio.wait_for(scene(), _WITHIN_S))
    assert kinds_by_allocation(direct, prefix) == {f"{prefix}one": STORY}


def test_loop_is_free_while_kafka_is_away(prefix: str) -> None:
    """A call that is cancelled ends at once, and a hundred that wait cost the loop nothing."""

    async def scene() -> float:
        async with _publishing(_NOBODY, timeout_s=_LONG_S) as publisher:
            calls = [asyncio.create_task(publisher.publish(story(f"{prefix}{number}"))) for number in range(100)]
            slowest_s = 0.0
            for _ in range(50):
                before_s = time.monotonic()
                await asyncio.sleep(0.01)
                slowest_s = max(slowest_s, time.monotonic() - before_s)
            before_s = time.monotonic()
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert all(call.cancelled() for call in calls)
            assert time.monotonic() - before_s < _LONG_S / 2
            return slowest_s

    assert asyncio.run(scene()) < _LONG_S / 2


def test_long_outage_costs_neither_memory_nor_threads(stack: RunningStack, edge: str, direct: str, prefix: str) -> None:
    async def attempts(publisher: Publisher, number: int) -> None:
        for _ in range(number):
            calls = [publisher.publish(story(f"{prefix}{each}")) for each in range(50)]
            await asyncio.gather(*(_published(call, 0.1) for call in calls))

    async def scene() -> None:
        async with _publishing(edge, timeout_s=0.5) as publisher:
            await _publish_at_last(publisher, f"{prefix}first")
            with cut(stack, _EDGE):
                await attempts(publisher, 5)
                threads, memory_kb, files = threading.active_count(), _resident_kb(), _open_files()
                await attempts(publisher, 40)
                assert threading.active_count() <= threads
                assert _resident_kb() - memory_kb < 10_000
                gc.collect()  # of sockets that were refused kafka-python keeps those that are not collected yet
                assert _open_files() < files + 50
            await _publish_at_last(publisher, f"{prefix}last")

    asyncio.run(asyncio.wait_for(scene(), 2 * _WITHIN_S))
    assert kinds_by_allocation(direct, prefix)[f"{prefix}last"] == STORY


def test_close_is_bounded_and_leaves_no_thread(stack: RunningStack, edge: str, prefix: str) -> None:
    before = set(threading.enumerate())

    async def scene() -> None:
        publisher = Publisher(edge, timeout_s=1.0)
        await _publish_at_last(publisher, f"{prefix}first")
        with cut(stack, _EDGE):
            waiting = asyncio.create_task(publisher.publish(story(f"{prefix}second")))
            await asyncio.sleep(0)
            async with asyncio.timeout(_WITHIN_S / 2):
                await publisher.close()
            with pytest.raises(Publisher.FAILURES):
                await waiting
        with pytest.raises(Publisher.FAILURES):
            await publisher.publish(story(f"{prefix}third"))

    asyncio.run(scene())
    wait_until(_only(before), _WITHIN_S, "all threads of the publisher ended")


def _only(threads: set[threading.Thread]) -> Callable[[], bool]:
    return lambda: set(threading.enumerate()) <= threads


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def _resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def test_ping_of_nobody_and_of_a_stranger(stack: RunningStack) -> None:
    async def scene() -> None:
        redis = str(stack.catalogue.service("redis").address)
        for address in (_NOBODY, redis):
            publisher = Publisher(address, timeout_s=1.0)
            with pytest.raises(kafka.errors.KafkaError):
                await publisher.ping()
            await publisher.close()

    asyncio.run(scene())
