"""The projection killed, cut off, robbed of its Redis, rebuilt: usage is the sum of the events every time."""

import random
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path

import pytest
import redis
from awaiting import wait_until
from kafka.admin import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError
from projection_process import ProjectionProcess, kill_after, projecting
from proxies import cut
from usage_stream import Stream, publish, read_usage, story, streaming, usage_of

from chaos_aura.platform.events.topics import EVENTS
from chaos_aura.platform.model import Event
from chaos_aura.platform.projection.reader import GROUP
from chaos_aura.stack.running import RunningStack

pytestmark = pytest.mark.live
_WITHIN_S = 60.0
_SEED = 20261121
_MOST_BEFORE_A_KILL = 20  # events, so that no two kills come at the same point of its work


def _agrees(redis_url: str, tenants: list[str], events: list[Event]) -> bool:
    return all(read_usage(redis_url, tenant) == usage_of(tenant, events) for tenant in tenants)


def _position(projection: ProjectionProcess) -> int:
    """How many events it has applied, as it tells; -1 while it tells nothing."""
    partitions = projection.readiness().get("partitions", {})
    return sum(each["position"] or 0 for each in partitions.values()) if partitions else -1


def _wait_until_right(redis_url: str, tenants: list[str], stream: Stream) -> None:
    assert len(stream.events) > 50
    wait_until(lambda: _agrees(redis_url, tenants, stream.events), _WITHIN_S, "usage is the sum of the events")


def test_killed_at_random_moments_it_counts_every_event_once(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    rng = random.Random(_SEED)
    with streaming(kafka_address, tenants, rng) as stream:
        for _ in range(10):
            wait_until(lambda: _position(projection) >= 0, _WITHIN_S, "it knows where it stands")
            before = _position(projection)
            moment = before + rng.randrange(_MOST_BEFORE_A_KILL)
            wait_until(lambda moment=moment: _position(projection) > moment, _WITHIN_S, "it is at work")
            projection.kill()
            projection.start()
    _wait_until_right(redis_url, tenants, stream)


def test_killed_it_takes_its_partitions_over_at_once(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    """In the place of the killed one: beside it, it would wait until the session of that one has ended."""
    events = story(random.Random(_SEED), tenants[0])
    with closing(KafkaAdminClient(bootstrap_servers=kafka_address)) as admin:
        wait_until(lambda: _members(admin) == 1, _WITHIN_S, "it is a member")
        projection.kill()
        publish(kafka_address, events)
        projection.start()

        def agrees_and_is_alone() -> bool:
            assert _members(admin) <= 1
            return _agrees(redis_url, tenants, events)

        wait_until(agrees_and_is_alone, _WITHIN_S, "usage is the sum of the events")


def _members(admin: KafkaAdminClient) -> int:
    """Of its group, the dead whose session has not ended among them."""
    (group,) = admin.describe_groups([GROUP]).values()
    return len(group["members"])


@pytest.mark.parametrize("edge", ["worker.kafka", "worker.redis"])
def test_cut_off_it_goes_on_by_itself(
    own_stack: RunningStack, tmp_path: Path, redis_url: str, tenants: list[str], edge: str
) -> None:
    kafka_address = own_stack.catalogue.service("kafka").uri
    addresses = {"kafka": kafka_address, "redis": redis_url}
    addresses[edge.partition(".")[2]] = own_stack.catalogue.edge(edge).uri
    with projecting(tmp_path / "home", **addresses) as projection:
        projection.wait_until_ready()
        with streaming(kafka_address, tenants, random.Random(_SEED)) as stream:
            for is_noticed in (False, True, False):
                with cut(own_stack, edge):
                    if is_noticed:
                        wait_until(lambda: not projection.is_ready(), _WITHIN_S, "it says that it is not ready")
                    wait_until(_more(stream), _WITHIN_S, "events told meanwhile")
                projection.wait_until_ready()
        _wait_until_right(redis_url, tenants, stream)


def test_it_begins_while_all_is_away(
    own_stack: RunningStack, tmp_path: Path, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    events = story(random.Random(_SEED), tenants[0])
    publish(kafka_address, events)
    edges = (own_stack.catalogue.edge(f"worker.{name}").uri for name in ("kafka", "redis"))
    with cut(own_stack, "worker.kafka"), cut(own_stack, "worker.redis"):
        with_projection: AbstractContextManager[ProjectionProcess] = projecting(tmp_path / "home", *edges)
        projection = with_projection.__enter__()
        wait_until(lambda: projection.page("/healthz")[0] == 200, _WITHIN_S, "it is alive")
        told = projection.readiness()
        assert (told["http"], told["status"]) == (503, "away")
    try:
        wait_until(lambda: _agrees(redis_url, tenants, events), _WITHIN_S, "usage is the sum of the events")
    finally:
        with_projection.__exit__(None, None, None)


def test_all_of_redis_lost_it_counts_again(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    with streaming(kafka_address, tenants, random.Random(_SEED)) as stream:
        for _ in range(3):
            wait_until(_more(stream), _WITHIN_S, "more events")
            _flush(redis_url)
    _wait_until_right(redis_url, tenants, stream)


def test_all_of_redis_lost_while_nothing_happens(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    events = story(random.Random(_SEED), tenants[0])
    publish(kafka_address, events)
    projection.wait_until_caught_up()
    _flush(redis_url)
    wait_until(lambda: _agrees(redis_url, tenants, events), _WITHIN_S, "usage is the sum of the events")


def test_redis_restored_from_a_former_state_it_counts_from_there(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    with streaming(kafka_address, tenants, random.Random(_SEED)) as stream:
        projection.wait_until_ready()
        wait_until(_more(stream), _WITHIN_S, "events")
        with redis.Redis.from_url(redis_url) as client:
            former = _dumped(client)
            wait_until(_more(stream), _WITHIN_S, "more events")
            _restore(client, former)
            wait_until(_more(stream), _WITHIN_S, "events after that")
    _wait_until_right(redis_url, tenants, stream)


def test_told_to_end_while_all_is_away_it_ends(own_stack: RunningStack, tmp_path: Path) -> None:
    edges = (own_stack.catalogue.edge(f"worker.{name}").uri for name in ("kafka", "redis"))
    with projecting(tmp_path / "home", *edges) as projection:
        projection.wait_until_ready()
        with cut(own_stack, "worker.kafka"), cut(own_stack, "worker.redis"):
            wait_until(lambda: not projection.is_ready(), _WITHIN_S, "it says that it is not ready")
            assert projection.terminate() == 0


def test_rebuilt_while_it_runs(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    """Somebody has changed a number: a rebuild puts it right, and nothing is missed or counted twice meanwhile."""
    with streaming(kafka_address, tenants, random.Random(_SEED)) as stream:
        wait_until(_more(stream), _WITHIN_S, "events")
        projection.wait_until_ready()
        before = _generation(redis_url)
        with redis.Redis.from_url(redis_url) as client:
            client.hincrby(f"usage:{before}:{tenants[0]}", "granted", 1_000_000)
        assert read_usage(redis_url, tenants[0]).granted > 1_000_000
        rebuild = projection.rebuild()
        assert rebuild.wait(_WITHIN_S) == 0
    _wait_until_right(redis_url, tenants, stream)
    assert int(_generation(redis_url)) > int(before)
    assert _generations_with_keys(redis_url) == {_generation(redis_url)}


def test_interrupted_rebuild_leaves_usage_as_it_was(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    rng = random.Random(_SEED)
    with streaming(kafka_address, tenants, rng) as stream:
        wait_until(_more(stream), _WITHIN_S, "events")
        ended = [_killed_while_it_builds(projection, redis_url) for _ in range(5)]
    assert -signal.SIGKILL in ended, "no kill met a rebuild under way"
    _wait_until_right(redis_url, tenants, stream)
    assert projection.rebuild().wait(_WITHIN_S) == 0
    assert _agrees(redis_url, tenants, stream.events)
    assert _generations_with_keys(redis_url) == {_generation(redis_url)}


def _killed_while_it_builds(projection: ProjectionProcess, redis_url: str) -> int | None:
    """Its exit code: one that was quicker than the kill has ended well."""
    before, rebuild = _generations_with_keys(redis_url), projection.rebuild()
    wait_until(lambda: rebuild.poll() is not None or _generations_with_keys(redis_url) - before, _WITHIN_S, "it builds")
    kill_after(rebuild, 0)
    return rebuild.poll()


def test_two_share_the_partitions(
    projection: ProjectionProcess, tmp_path: Path, kafka_address: str, redis_url: str, tenants: list[str]
) -> None:
    with streaming(kafka_address, tenants, random.Random(_SEED)) as stream:
        with projecting(tmp_path / "second", kafka_address, redis_url, "projection-2") as second:

            def each_has_two_of_its_own() -> bool:
                first, other = _partitions(projection), _partitions(second)
                return len(first) == len(other) == 2 and first | other == {"0", "1", "2", "3"}

            wait_until(each_has_two_of_its_own, _WITHIN_S, "each has two")
        wait_until(lambda: len(_partitions(projection)) == 4, _WITHIN_S, "the first has taken over")
    _wait_until_right(redis_url, tenants, stream)


@pytest.mark.parametrize("partitions", [1, 4])
def test_events_lost_by_kafka_are_not_counted_any_more(
    projection: ProjectionProcess, kafka_address: str, redis_url: str, tenants: list[str], partitions: int
) -> None:
    """Usage is the sum of the events that there are, also when a client with default settings made the topic anew."""
    rng = random.Random(_SEED)
    publish(kafka_address, [event for _ in range(20) for event in story(rng, tenants[0])])
    projection.wait_until_caught_up()
    _make_anew(kafka_address, partitions)
    events = [event for _ in range(4) for event in story(rng, tenants[0])]
    publish(kafka_address, events)
    wait_until(lambda: _agrees(redis_url, tenants, events), _WITHIN_S, "usage is the sum of the events")
    wait_until(lambda: len(_partitions(projection)) == 4, _WITHIN_S, "it has four partitions again")


def _make_anew(kafka_address: str, partitions: int) -> None:
    """A broker that is slow to hear of it still takes, and then loses, events of the former topic."""
    admin = KafkaAdminClient(bootstrap_servers=kafka_address)
    try:
        (former,) = admin.describe_topics([EVENTS])
        admin.delete_topics([EVENTS])
        with suppress(TopicAlreadyExistsError):  # the projection was faster
            admin.create_topics({EVENTS: {"num_partitions": partitions, "replication_factor": 1}})

        def is_new() -> bool:
            (now,) = admin.describe_topics([EVENTS])
            return not now["error_code"] and now["topic_id"] != former["topic_id"]

        wait_until(is_new, _WITHIN_S, "the topic is another")
    finally:
        admin.close()


def _more(stream: Stream) -> Callable[[], bool]:
    goal = len(stream.events) + 60
    return lambda: len(stream.events) >= goal


def _partitions(projection: ProjectionProcess) -> set[str]:
    return set(projection.readiness().get("partitions", ()))


_DUMP = """
local found = {}
for _, key in ipairs(redis.call('KEYS', 'usage*')) do
    table.insert(found, key)
    table.insert(found, redis.call('DUMP', key))
end
return found
"""


def _dumped(client: "redis.Redis[bytes]") -> dict[bytes, bytes]:
    """All of it, of one moment."""
    found = client.eval(_DUMP, 0)
    return dict(zip(found[::2], found[1::2], strict=True))


def _restore(client: "redis.Redis[bytes]", former: dict[bytes, bytes]) -> None:
    with client.pipeline() as pipeline:
        pipeline.flushall()
        for key, dumped in former.items():
            pipeline.restore(key, 0, dumped)
        pipeline.execute()


def _flush(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.flushall()


def _generation(redis_url: str) -> str:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        return str(client.get("usage-generation"))


def _generations_with_keys(redis_url: str) -> set[str]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        return {key.split(":")[1] for key in client.scan_iter(match="usage*:*")}
