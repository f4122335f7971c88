"""Kafka's clock is set back while topics are being made, and its controller must not wait for the time it had."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clients import kafka
from clock_cases import awaited, injector, skew
from local_stack import PlacedStack

_ROUNDS = 3
_HOUR_S = 3600.0
_REQUEST_MS = 15_000


def test_topics_can_be_made_after_its_clock_went_back(place: Callable[..., PlacedStack]) -> None:
    """One batch that lingers at that moment is enough to stop it, and with these writers there always is one."""
    placed = place()
    placed.up("kafka")
    stack = placed.running()
    one, target = injector(stack), stack.catalogue.service("kafka")
    address = target.uri
    for each in range(_ROUNDS):
        undo = one.prepare(skew("kafka", _HOUR_S), target, f"lease-{each}")
        with writers(address, f"round-{each}"):
            one.inject(undo)
            assert awaited(one.in_force, undo)
            one.heal(undo)
            assert awaited(one.gone, undo)
        make_topic(address, f"after-{each}")


@contextmanager
def writers(address: str, name: str) -> Iterator[None]:
    """Until the end; what they ask for while the clock jumps may time out."""
    enough = threading.Event()

    def write(who: int) -> None:
        count = 0
        while not enough.is_set():
            count += 1
            try:
                make_topic(address, f"{name}-{who}-{count}")
            except kafka.errors.KafkaError:
                continue

    threads = [threading.Thread(target=write, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def make_topic(address: str, name: str) -> None:
    admin = kafka.KafkaAdminClient(bootstrap_servers=address, request_timeout_ms=_REQUEST_MS)
    try:
        admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1}}, timeout_ms=_REQUEST_MS)
    finally:
        admin.close()
