"""Bad events: acknowledged, found by their lease, passed by those who read the topic, and told for what they are."""

import base64
import json
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from awaiting import NeverCame, wait_until
from clients import FORGOTTEN_SOCKETS, kafka
from grounds import ground_of
from hurting import paused, process_of, runs_anew, unwell
from local_stack import placed

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.platform.events import topics
from chaos_aura.platform.events.codec import to_bytes
from chaos_aura.platform.model import Event, EventKind
from chaos_aura.platform.model.event import SCHEMA_VERSION
from chaos_aura.platform.projection import reader
from chaos_aura.stack.running import RunningStack
from injectors.kafka_events import KafkaInjector, poison
from injectors.kafka_events.client import ReadsTooLong
from injectors.kafka_events.search import Offsets, Search

_HOWS = ("malformed", "duplicate")  # one of those that are made up, one of those that are told again
_WITHIN_S = 150
_BLOCKS_FOR_S = 20  # at most; 5 is the promise, and the client's own limits are 30 and more
_STARTED = ("redis", "kafka", "toxiproxy", "projection")

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings(FORGOTTEN_SOCKETS)]


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack of its own: what is put into a topic stays there, and other tests read theirs."""
    with placed(tmp_path_factory.mktemp("poisoned")) as own:
        own.up("projection")
        yield own.running()


@pytest.fixture(scope="module")
def told(poisoned: RunningStack) -> str:
    """The tenant of some real events, each allocation's in their order."""
    tenant = f"tenant-{uuid.uuid4().hex[:8]}"
    producer = kafka.KafkaProducer(bootstrap_servers=poisoned.catalogue.service("kafka").uri, acks="all")
    for number in range(5):
        for kind in (EventKind.REQUESTED, EventKind.DECIDED, EventKind.REFUSED):
            event = event_of(f"{tenant}-{number}", tenant, kind)
            producer.send(topics.EVENTS, to_bytes(event), event.allocation_id.encode()).get(timeout=_WITHIN_S)
    producer.close(timeout=_WITHIN_S)
    return tenant


def event_of(allocation_id: str, tenant: str, kind: EventKind) -> Event:
    names = {"event_id": f"{allocation_id}:{kind.value}", "allocation_id": allocation_id, "tenant": tenant}
    asked = {"gpu_type": "t4", "count": 1, "hours": 1.0, "priority": "normal", "spot": False}
    return Event(kind=kind, schema_version=SCHEMA_VERSION, at_ms=1000, **names, **asked)


def fault_of(how: str, count: int = 3) -> Fault:
    return Fault("poison_event", "kafka", KINDS["poison_event"].read({"how": how, "count": count}), lasts_s=30)


@pytest.fixture(params=_HOWS)
def case(request: pytest.FixtureRequest, poisoned: RunningStack, told: str) -> Case:
    return case_of(poisoned, fault_of(request.param))


def case_of(stack: RunningStack, fault: Fault) -> Case:
    """What a restart does to one of them it does to all."""
    ends = fault.parameters["how"] == "malformed"

    def restart() -> None:
        former = process_of(stack, "kafka")
        stack.supervisor.restart("kafka", grace_s=1)
        wait_until(lambda: runs_anew(stack, "kafka", former), _WITHIN_S, "a new Kafka")
        await_health(stack)

    def restore() -> None:
        stack.supervisor.start("kafka")
        await_health(stack)

    def remove() -> None:
        stack.supervisor.stop("kafka", grace_s=1)
        wait_until(lambda: stack.supervisor.children()["kafka"].process is None, _WITHIN_S, "Kafka has ended")

    return Case(
        KafkaInjector(ground_of(stack)),
        fault,
        stack.catalogue.service("kafka"),
        str(stack.project.home),
        restart=restart if ends else None,
        remove=remove if ends else None,
        why_not_ended="" if ends else "as with the malformed",
        restore=restore,
        # No witness: it is momentary, and what is in a topic stays there.
        in_force_within_s=60,
        gone_within_s=120,  # a projection whose Kafka was away, on a busy machine
        stays_when_restarted=True,
    )


def await_health(stack: RunningStack) -> None:
    left: dict[str, str] = {}

    def is_well() -> bool:
        left.clear()
        left.update({name: why for name, why in unwell(stack).items() if name in _STARTED})
        return not left

    try:
        wait_until(is_well, _WITHIN_S, "all is well")
    except NeverCame:
        pytest.fail(f"still unwell: {left}")


class TestContract(InjectorContract):
    pass


@pytest.mark.parametrize(("how", "reason"), [("malformed", "not_json"), ("wrong_schema", "other_version")])
def test_what_nobody_can_read_becomes_a_dead_letter_and_the_projection_goes_on(
    how: str, reason: str, poisoned: RunningStack, told: str
) -> None:
    case = case_of(poisoned, fault_of(how, 8))
    before = usage_of_all(poisoned, told)
    undo = case.injected()
    proof = case.healed(undo)
    assert proof.seen.startswith("irreversible: 8 bad events stay in allocation.events")
    assert proof.seen.endswith("past every group: usage-projection")
    # By where its message lies: while Redis is slow, the projection reads it again, and writes the letter again.
    letters = {(letter["partition"], letter["offset"]): letter["reason"] for letter in letters_of(poisoned, undo)}
    assert Counter(letters.values()) == {reason: 8}
    assert set(letters) == {(int(each), at) for each, offsets in proof.facts["offsets"].items() for at in offsets}
    assert {each for each, _ in letters} == set(range(topics.TOPICS[topics.EVENTS].partitions))
    assert usage(poisoned, told) == before


@pytest.mark.parametrize("how", ["duplicate", "out_of_order"])
def test_what_is_told_again_is_not_counted_again(how: str, poisoned: RunningStack, told: str) -> None:
    case = case_of(poisoned, fault_of(how, 6))
    before, letters_before = usage_of_all(poisoned, told), len(letters(poisoned))
    undo = case.injected()
    case.healed(undo)
    after = usage(poisoned, told)
    assert after.pop("duplicates") == before.pop("duplicates", 0) + 6
    assert after == before
    assert len(letters(poisoned)) == letters_before


def test_duplicates_are_the_latest_real_events(poisoned: RunningStack, told: str) -> None:
    undo = case_of(poisoned, fault_of("duplicate", 2)).prepared()
    kinds = [json.loads(base64.b64decode(value))["kind"] for _, _, value in undo.data["messages"]]
    assert kinds == ["allocation.decided", "allocation.refused"]
    assert {base64.b64decode(key).decode() for _, key, _ in undo.data["messages"]} == {f"{told}-4"}


def test_more_than_there_are_come_more_often(poisoned: RunningStack, told: str) -> None:
    undo = case_of(poisoned, fault_of("duplicate", 1000)).prepared()
    assert len(undo.data["messages"]) == 1000
    assert len({tuple(each) for each in undo.data["messages"]}) == 15


def test_out_of_order_is_each_story_backwards(poisoned: RunningStack, told: str) -> None:
    undo = case_of(poisoned, fault_of("out_of_order", 6)).prepared()
    events = [json.loads(base64.b64decode(value)) for _, _, value in undo.data["messages"]]
    backwards = ["allocation.refused", "allocation.decided", "allocation.requested"]
    assert [event["kind"] for event in events] == backwards * 2
    assert [event["allocation_id"] for event in events] == [f"{told}-4"] * 3 + [f"{told}-3"] * 3


def test_they_are_not_behind_a_group_that_has_not_read_them(poisoned: RunningStack, told: str) -> None:
    case = case_of(poisoned, fault_of("malformed", 1))
    with paused(poisoned, "projection"):
        undo = case.injected()
        proof = case.injector.gone(undo)
        assert not proof.holds
        assert "group usage-projection has not passed" in proof.seen
    case.await_gone(undo)


@contextmanager
def abandoned(stack: RunningStack) -> Iterator[str]:
    """A group that has read the topic to its present end, and to which nobody belongs any more. Removed at the end."""
    group = f"abandoned-{uuid.uuid4().hex[:8]}"
    consumer = consumer_of(stack, group)
    partitions = [kafka.TopicPartition(topics.EVENTS, each) for each in consumer.partitions_for_topic(topics.EVENTS)]
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.commit({each: kafka.OffsetAndMetadata(end, "", -1) for each, end in ends.items()})
    consumer.close()
    try:
        yield group
    finally:
        admin = kafka.KafkaAdminClient(bootstrap_servers=stack.catalogue.service("kafka").uri)
        admin.delete_groups([group])
        admin.close()


def consumer_of(stack: RunningStack, group: str) -> Any:
    address = stack.catalogue.service("kafka").uri
    return kafka.KafkaConsumer(
        bootstrap_servers=address, group_id=group, enable_auto_commit=False, metrics_enabled=False
    )


def by_hand(undo: Undo) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        undo.by_hand, shell=True, capture_output=True, text=True, timeout=_WITHIN_S, check=False, env={}, cwd="/"
    )


def test_a_group_that_nobody_reads_for_any_more_is_put_past_them_by_hand(poisoned: RunningStack, told: str) -> None:
    case = case_of(poisoned, fault_of("malformed", 8))
    with abandoned(poisoned) as group:
        undo = case.injected()
        wait_until(lambda: waiting_only_for(case, undo, group), _WITHIN_S, "all others have passed them")
        done = by_hand(undo)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"group {group} is past them\nthen: chaos-aura heal {undo.data['lease']}\n"
        proof = case.injector.gone(undo)
        assert proof.holds, proof.seen
        ends = {partition: max(offsets) + 1 for partition, offsets in proof.facts["offsets"].items()}
        assert proof.facts["committed"][group] == ends
        assert by_hand(undo).stdout == f"then: chaos-aura heal {undo.data['lease']}\n"


def waiting_only_for(case: Case, undo: Undo, group: str) -> str:
    try:
        proof = case.injector.gone(undo)
    except TargetUnfit:  # a busy Kafka has not answered in time
        return ""
    assert not proof.holds
    return "" if "group usage-projection" in proof.seen or f"group {group} " not in proof.seen else proof.seen


def test_a_group_that_somebody_reads_for_is_left_by_hand_and_so_is_the_platform_s(
    poisoned: RunningStack, told: str
) -> None:
    case = case_of(poisoned, fault_of("malformed", 1))
    with abandoned(poisoned) as group:
        living = consumer_of(poisoned, group)
        living.subscribe([topics.EVENTS])
        try:
            wait_until(lambda: is_member(living), _WITHIN_S, "it is a member")
            with paused(poisoned, "projection"):
                undo = case.injected()
                done = by_hand(undo)
        finally:
            living.close(autocommit=False)
        assert done.returncode == 1
        assert f"group {group} is left: somebody reads for it" in done.stdout
        assert "group usage-projection is left: it passes them by itself" in done.stdout
    case.await_gone(undo)


def is_member(consumer: Any) -> bool:
    consumer.poll(timeout_ms=200)
    return bool(consumer.assignment())


def test_what_one_look_has_no_time_for_the_next_one_goes_on_with(poisoned: RunningStack, told: str) -> None:
    undo = (case := case_of(poisoned, fault_of("wrong_schema", 1000))).injected()
    address, lease = poisoned.catalogue.service("kafka").uri, undo.data["lease"]
    search = Search(lease, {}, 1000, reads_within_s=0)
    with pytest.raises(ReadsTooLong, match="could not be read to its end within 0 s"):
        search.look(address)
    found = wait_until(lambda: looked(search, address), _WITHIN_S, "all of it is read")
    assert found == case.injector.in_force(undo).facts["offsets"]
    case.await_gone(undo)


def looked(search: Search, address: str) -> Offsets | None:
    try:
        return search.look(address)
    except ReadsTooLong:
        return None


def test_a_thousand_are_put_and_found_in_time(poisoned: RunningStack, told: str) -> None:
    case = case_of(poisoned, fault_of("wrong_schema", 1000))
    undo = case.prepared()
    began_s = time.monotonic()
    case.injector.inject(undo)
    assert time.monotonic() - began_s < _BLOCKS_FOR_S
    began_s = time.monotonic()
    assert case.injector.in_force(undo).seen.startswith("1000 of 1000 bad events are acknowledged and read back")
    assert time.monotonic() - began_s < _BLOCKS_FOR_S
    case.await_gone(undo)


def test_one_s_events_are_not_another_s(poisoned: RunningStack, told: str) -> None:
    case = case_of(poisoned, fault_of("malformed", 1))
    other = case.prepared()
    undo = case.injected()
    assert not case.injector.in_force(other).holds
    assert case.healed(other).seen == "none found: nothing of it was put into the topic"
    case.await_gone(undo)


def test_a_silent_kafka_is_an_error_and_not_a_no(poisoned: RunningStack, told: str) -> None:
    case = case_of(poisoned, fault_of("malformed", 1))
    undo = case.prepared()
    with paused(poisoned, "kafka"):
        for ask in (case.injector.gone, case.injector.inject):  # it is proven as it is found gone
            began_s = time.monotonic()
            with pytest.raises(TargetUnfit, match=f"then chaos-aura heal {undo.data['lease']}$"):
                ask(undo)
            assert time.monotonic() - began_s < _BLOCKS_FOR_S
        with pytest.raises(TargetUnfit, match=r"run: chaos-aura status$"):
            case.prepared()
    await_health(poisoned)


def test_without_events_there_is_nothing_to_repeat(
    poisoned: RunningStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with placed(tmp_path_factory.mktemp("empty")) as empty:
        empty.up("kafka")
        stack = empty.running()
        for how, why in [
            ("malformed", "kafka: there is no topic allocation.events; run: chaos-aura up, with the whole platform"),
            ("duplicate", "kafka: there is no topic allocation.events; run: chaos-aura up, with the whole platform"),
        ]:
            with pytest.raises(TargetUnfit) as unfit:
                case_of(stack, fault_of(how)).prepared()
            assert str(unfit.value) == why
        topics.make_topics(stack.catalogue.service("kafka").uri, 20)
        for how, what in [("duplicate", "no event that could be repeated"), ("out_of_order", "no two events of one")]:
            with pytest.raises(TargetUnfit, match=f"^kafka: allocation.events holds {what}.*; drive some allocations"):
                case_of(stack, fault_of(how)).prepared()


def test_other_targets_are_told_what_to_name(poisoned: RunningStack) -> None:
    for name in ("redis", "projection.kafka", "projection"):
        capability = KafkaInjector(ground_of(poisoned)).can(fault_of("malformed"), poisoned.catalogue.target(name))
        assert not capability
        assert "kafka" in capability.remedy


def test_making_one_imports_no_client() -> None:
    code = "import sys, injectors.kafka_events; sys.exit('kafka' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], timeout=30, check=False).returncode == 0


def test_its_names_are_the_platform_s() -> None:
    assert poison.TOPIC == topics.EVENTS
    assert poison.GROUP == reader.GROUP
    assert poison.UNKNOWN_VERSION != SCHEMA_VERSION


def usage_of_all(stack: RunningStack, tenant: str) -> dict[str, int]:
    """When all its real events have been counted: the last of each allocation is its refusal."""
    wait_until(lambda: usage(stack, tenant).get("refused") == 5, _WITHIN_S, "the real events counted")
    return usage(stack, tenant)


def usage(stack: RunningStack, tenant: str) -> dict[str, int]:
    """As the projection has counted it by now."""
    with redis.Redis.from_url(stack.catalogue.service("redis").uri, decode_responses=True) as client:
        generation = client.get("usage-generation")
        return {name: int(count) for name, count in client.hgetall(f"usage:{generation}:{tenant}").items()}


def letters_of(stack: RunningStack, undo: Undo) -> list[dict[str, Any]]:
    """By the key, which is the lease's id where the events are made up."""
    key = base64.b64encode(str(undo.data["lease"]).encode()).decode()
    return [letter for letter in letters(stack) if letter["key"] == key]


def letters(stack: RunningStack) -> list[dict[str, Any]]:
    address = stack.catalogue.service("kafka").uri
    consumer = kafka.KafkaConsumer(bootstrap_servers=address, fetch_max_wait_ms=100, metrics_enabled=False)
    partition = kafka.TopicPartition(topics.DEAD_LETTERS, 0)
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        found: list[dict[str, Any]] = []
        while consumer.position(partition) < end:
            found += [json.loads(each.value) for each in consumer.poll(timeout_ms=5000).get(partition, [])]
    finally:
        consumer.close()
    return found
