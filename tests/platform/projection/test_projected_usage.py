"""The projection's process on real events: what it counts, what it refuses, how it is looked at and ended."""

import base64
import json
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from awaiting import wait_until
from clients import kafka
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import MessageSizeTooLargeError
from projection_process import COMMAND, ProjectionProcess
from usage_stream import publish, read_usage, story, usage_of

from chaos_aura.platform.events.codec import to_bytes
from chaos_aura.platform.events.topics import DEAD_LETTERS, EVENTS, LARGEST_MESSAGE
from chaos_aura.platform.model import Event
from chaos_aura.platform.projection.reader import GROUP
from chaos_aura.platform.projection.usage import Usage

pytestmark = pytest.mark.live
_WITHIN_S = 60.0
# What it says of a Kafka that did not answer in the two seconds that it has: on a busy machine it is ended once more.
_SLOW = {"positions are not told to kafka", "the group is not told", "ended before its work was done"}
_TRIES = 5


def _stories(tenants: list[str], count: int) -> list[Event]:
    rng = random.Random(7)
    return [event for number in range(count) for event in story(rng, tenants[number % len(tenants)])]


def test_usage_is_the_sum_of_the_events(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    events = _stories(tenants, 60)
    publish(kafka_address, events)
    for tenant in tenants:
        expected = usage_of(tenant, events)
        assert min(expected.granted, expected.refused, expected.released) > 0
        wait_until(lambda: read_usage(redis_url, tenant) == expected, _WITHIN_S, f"{expected}")  # noqa: B023
    assert read_usage(redis_url, "nobody") == Usage("nobody")


def test_events_that_come_again_are_counted_apart(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    events = _stories(tenants[:1], 10)
    told = [*events, *events, *events[::-1]]
    publish(kafka_address, told)
    expected = usage_of(tenants[0], told)
    assert expected.duplicates == 2 * len(events)
    wait_until(lambda: read_usage(redis_url, tenants[0]) == expected, _WITHIN_S, f"{expected}")


def test_unreadable_messages_are_dead_lettered_and_passed(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    good = story(random.Random(1), tenants[0])
    newer = json.dumps(json.loads(to_bytes(good[0])) | {"schema_version": 9}).encode()
    broken = json.dumps(json.loads(to_bytes(good[0])) | {"count": "many"}).encode()
    large = b"{" + b"x" * 900_000
    sent = {b"not json": "not_json", newer: "other_version", broken: "wrong_field", large: "not_json", None: "no_value"}
    key = f"{tenants[0]}-poison".encode()
    before = len(_letters(kafka_address))
    places = [_send(kafka_address, key, value) for value in sent]
    publish(kafka_address, good)
    expected = usage_of(tenants[0], good)
    wait_until(lambda: read_usage(redis_url, tenants[0]) == expected, _WITHIN_S, f"{expected}")
    projection.wait_until_caught_up()

    # One may be there twice, where its acknowledgement was lost: where its message lies is what tells them apart.
    written = _letters(kafka_address)[before:]
    letters = list({(each["partition"], each["offset"]): each for each in reversed(written)}.values())
    letters.sort(key=lambda each: places.index((each["partition"], each["offset"])))
    assert [(each["partition"], each["offset"]) for each in letters] == places
    assert [each["reason"] for each in letters] == list(sent.values())
    assert [_bytes(each["value"]) for each in letters] == list(sent)
    assert {(_bytes(each["key"]), each["topic"]) for each in letters} == {(key, EVENTS)}
    assert 'dead_letters_total{reason="not_json"}' in projection.page("/metrics")[1]


def test_letter_that_its_topic_does_not_allow_is_written_without_its_message(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    good = story(random.Random(1), tenants[0])
    value = b"x" * 20_000
    with _allowing(kafka_address, DEAD_LETTERS, 5000):
        before = len(_letters(kafka_address))
        place = _send(kafka_address, tenants[0].encode(), value)
        publish(kafka_address, good)
        expected = usage_of(tenants[0], good)
        wait_until(lambda: read_usage(redis_url, tenants[0]) == expected, _WITHIN_S, f"{expected}")
        projection.wait_until_caught_up()
    letter, *again = _letters(kafka_address)[before:]
    assert all(each == letter for each in again)
    assert (letter["partition"], letter["offset"], letter["value_bytes"]) == (*place, len(value))
    assert (letter["value"], letter["value_left_out"]) == (None, True)


def test_it_says_how_it_is(projection: ProjectionProcess, kafka_address: str, tenants: list[str]) -> None:
    publish(kafka_address, _stories(tenants, 5))
    projection.wait_until_caught_up()
    assert projection.page("/healthz")[0] == 200
    # A Kafka or a Redis that is late for two seconds is away for a moment.
    told = wait_until(lambda: (now := projection.readiness())["http"] == 200 and now, _WITHIN_S, "it is ready")
    assert told["status"] == "ready"
    assert {name: one["state"] for name, one in told["dependencies"].items()} == {"kafka": "closed", "redis": "closed"}
    assert sorted(told["partitions"]) == ["0", "1", "2", "3"]
    assert 'projection_events_total{outcome="applied"}' in projection.page("/metrics")[1]


def test_told_to_end_it_leaves_the_group_with_all_committed(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    for _ in range(_TRIES):
        publish(kafka_address, _stories(tenants, 30))
        projection.wait_until_caught_up()
        assert projection.terminate() == 0
        said = _said_last(projection)
        if not _SLOW & set(said):
            break
        projection.start()
        projection.wait_until_ready()
    assert said[-1] == "ended"
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        stored = client.hgetall(f"usage-positions:{client.get('usage-generation')}")
    admin = KafkaAdminClient(bootstrap_servers=kafka_address)
    try:
        committed = admin.list_group_offsets(GROUP)[GROUP]
        (group,) = admin.describe_groups([GROUP]).values()
    finally:
        admin.close()
    assert {str(each.partition): str(offset.offset) for each, offset in committed.items()} == stored
    assert group["members"] == []


def _said_last(projection: ProjectionProcess) -> list[str]:
    """Since it was started last."""
    events = [line["event"] for line in projection.log()]
    return events[len(events) - events[::-1].index("started") :]


@pytest.mark.parametrize("more", [[], ["nowhere.json"], ["one", "two"]])
def test_wrong_arguments_are_told(tmp_path: Path, more: list[str]) -> None:
    argv = [*COMMAND, *more]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_WITHIN_S, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@contextmanager
def _allowing(address: str, topic: str, most_bytes: int) -> Iterator[None]:
    """A broker may hear of it later than the controller that says so: it is asked until it keeps to it."""
    admin = KafkaAdminClient(bootstrap_servers=address)

    def allow(most: int) -> None:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(most)})])

    try:
        allow(most_bytes)
        wait_until(lambda: _is_too_large(address, topic, most_bytes), _WITHIN_S, "a message is too large")
        yield
        allow(LARGEST_MESSAGE)
    finally:
        admin.close()


def _is_too_large(address: str, topic: str, size: int) -> bool:
    """One that is taken all the same lies before what a test reads."""
    producer = kafka.KafkaProducer(bootstrap_servers=address, acks="all", metrics_enabled=False)
    try:
        producer.send(topic, json.dumps({"probe": "x" * size}).encode()).get(timeout=20)
    except MessageSizeTooLargeError:
        return True
    finally:
        producer.close(timeout=20)
    return False


def _send(address: str, key: bytes, value: bytes | None) -> tuple[int, int]:
    producer = kafka.KafkaProducer(bootstrap_servers=address, acks="all", metrics_enabled=False)
    try:
        place = producer.send(EVENTS, value, key=key).get(timeout=20)
    finally:
        producer.close(timeout=20)
    return place.partition, place.offset


def _letters(address: str) -> list[dict[str, object]]:
    consumer = kafka.KafkaConsumer(bootstrap_servers=address, fetch_max_wait_ms=100, metrics_enabled=False)
    try:
        partition = kafka.TopicPartition(DEAD_LETTERS, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        found: list[dict[str, object]] = []
        while consumer.position(partition) < end:
            for records in consumer.poll(timeout_ms=20_000).values():
                found += [json.loads(record.value) for record in records]
        return found
    finally:
        consumer.close()


def _bytes(text: object) -> bytes | None:
    return None if text is None else base64.b64decode(str(text))
