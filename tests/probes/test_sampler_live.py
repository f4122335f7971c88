import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from awaiting import wait_until
from driven_allocations import allocate, api_of
from hurting import is_well, paused, process_of
from sampling import SamplerProcess, make_run, sampling

from chaos_aura.core.operation import ALLOCATE, RELEASE, Outcome
from chaos_aura.core.process import ProcessId
from chaos_aura.judge.exactly_once import ExactlyOnce, exactly_once_of
from chaos_aura.record.batches import Batch, batches
from chaos_aura.record.buckets import OneBucket
from chaos_aura.record.history import History
from chaos_aura.record.rows import OF_ALLOCATIONS
from chaos_aura.record.samples import BACKLOG, HEALTH, KINDS, MACHINE, READINESS, WEIGHT
from chaos_aura.record.stores import read_stores
from chaos_aura.stack.running import RunningStack
from probes.sampler.census import take_census
from probes.sampler.ours import Ours

_WITHIN_S = 120
_STARTS = """
import subprocess, sys, time
started = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
print(started.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def sampler(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SamplerProcess]:
    run = make_run(tmp_path_factory.mktemp("runs") / "one")
    with sampling(run, stack.project.home) as one:
        yield one


def test_every_kind_of_sample_is_there_when_it_is_ready(stack: RunningStack, sampler: SamplerProcess) -> None:
    for kind in KINDS:
        assert sampler.run.samples(kind), kind
    names = {service.name for service in stack.catalogue.services}
    assert {row["service"] for row in sampler.run.samples(HEALTH)} == names
    all_of_us = names | {"sampler", "controller", "supervisor"}
    wait_until(lambda: all_of_us <= {row["of"] for row in sampler.run.samples(WEIGHT)}, _WITHIN_S, "all are weighed")
    ready = wait_until(lambda: sampler.run.samples(READINESS, status="ready"), _WITHIN_S, "ready is sampled")
    assert set(ready[-1]["breakers"]) >= {"neo4j", "redis", "kafka", "temporal"}
    assert all(row["oldest_s"] == 0 for row in sampler.run.samples(BACKLOG))
    machine = sampler.awaits(1, MACHINE, 0)[-1]
    assert machine["running"] >= 1
    assert machine["echo_s"] > 0


def test_a_service_that_hangs_delays_nobody_elses_samples(stack: RunningStack, sampler: SamplerProcess) -> None:
    others = {service.name for service in stack.catalogue.services} - {"redis"}
    with paused(stack, "redis"):
        since_ns = time.monotonic_ns()
        ill = sampler.awaits(2, HEALTH, since_ns, service="redis", healthy=False)

        def are_ahead() -> bool:
            seen = Counter(row["service"] for row in sampler.run.samples(HEALTH) if row["at"] > since_ns)
            return all(seen[name] >= seen["redis"] + 2 for name in others)

        # Each is looked at once a second, redis every other: one after another they would be looked at equally often.
        wait_until(are_ahead, _WITHIN_S, "the others are looked at more often")
    assert "no full answer" in ill[0]["detail"]
    wait_until(lambda: sampler.run.samples(HEALTH)[-1] and is_well(stack), _WITHIN_S, "redis answers again")
    sampler.awaits(1, HEALTH, time.monotonic_ns(), service="redis", healthy=True)


def test_stores_agree_with_what_was_acknowledged(stack: RunningStack, sampler: SamplerProcess) -> None:
    """And each acknowledgement waits until its store shows it, and no longer."""
    run = sampler.run
    history = History(run.path / "history-tests.jsonl", "tests")
    names = [f"{run.tag}-{nth}" for nth in range(3)]
    for name in names:
        granted = history.invoke(ALLOCATE, f"{run.tag}-t", time.monotonic_ns(), {"request_id": name, "gpu_type": "t4"})
        given_back = history.invoke(RELEASE, f"{run.tag}-t", time.monotonic_ns(), {"request_id": name})
        allocate(stack, f"{run.tag}-t", name)
        history.end(granted, Outcome.OK, {"gpu_ids": _gpus_of(stack, name)})
        history.end(given_back, Outcome.OK)
    since_ns = time.monotonic_ns()
    for backlog in ("decisions", "events"):  # twice: the first look may have read the history before that was whole
        sampler.awaits(2, BACKLOG, since_ns, _WITHIN_S, name=backlog, waiting=0, oldest_s=0.0)
    assert sampler.ask("stores") == "stores"
    assert read_stores(run.path / "stores.json").missing == {}

    def agrees() -> bool:
        """The projection, and Temporal's list, come after what they are made of."""
        assert sampler.ask("stores") == "stores"
        return laid_beside(sampler).agreement.judgement.has_passed

    wait_until(agrees, _WITHIN_S, "the stores agree")
    assert laid_beside(sampler).agreement.acknowledged == len(names)
    whole = ["requested", "decided", "granted", "released"]
    assert kinds_on_kafka(sampler) == dict.fromkeys(names, whole)
    for context in read_stores(run.path / "stores.json").contexts.values():  # where a decision missed one
        assert [each.allocation for each in context.past] == names


def laid_beside(sampler: SamplerProcess) -> ExactlyOnce:
    stores = read_stores(sampler.run.path / "stores.json")
    return exactly_once_of([all_of(sampler)], stores, sampler.run.tag, OneBucket())


def all_of(sampler: SamplerProcess) -> Batch:
    with batches(sampler.run.path, OF_ALLOCATIONS) as (some, _):
        [batch] = some
    return batch


def kinds_on_kafka(sampler: SamplerProcess) -> dict[str, list[str]]:
    return {name: [event.kind for event in events] for name, events in all_of(sampler).rows.kafka.items()}


def test_what_was_acknowledged_and_never_written_waits_and_gets_older(sampler: SamplerProcess) -> None:
    history = History(sampler.run.path / "history-lost.jsonl", "lost")
    op = history.invoke(ALLOCATE, "t", time.monotonic_ns(), {"request_id": f"{sampler.run.tag}-never"})
    history.end(op, Outcome.OK, {"gpu_ids": ["t4-0"]})
    since_ns = time.monotonic_ns()
    for backlog in ("decisions", "events"):
        rows = sampler.awaits(2, BACKLOG, since_ns, name=backlog, waiting=1)
        assert 0 < rows[0]["oldest_s"] < rows[1]["oldest_s"]


def test_it_comes_back_to_kafka_by_itself_and_misses_nothing(stack: RunningStack, sampler: SamplerProcess) -> None:
    run = sampler.run
    name = f"{run.tag}-later"
    history = History(run.path / "history-later.jsonl", "later")
    for what in (ALLOCATE, RELEASE):
        op = history.invoke(what, "t", time.monotonic_ns(), {"request_id": name})
        history.end(op, Outcome.OK, {"gpu_ids": ["t4-0"]})
    waiting = _waiting_for_events(sampler)
    os.kill(process_of(stack, "kafka").pid, signal.SIGKILL)
    sampler.awaits(1, BACKLOG, time.monotonic_ns(), name="events", waiting=None, oldest_s=None)
    wait_until(lambda: is_well(stack), _WITHIN_S, "kafka is back")
    allocate(stack, f"{run.tag}-t", name)
    sampler.awaits(1, BACKLOG, time.monotonic_ns(), _WITHIN_S, name="events", waiting=waiting - 2)
    assert sampler.ask("stores") == "stores"
    assert kinds_on_kafka(sampler)[name] == ["requested", "decided", "granted", "released"]
    assert f"{run.tag}-0" in kinds_on_kafka(sampler)


def test_all_of_a_stack_is_ours_and_nothing_else(stack: RunningStack) -> None:
    census = take_census()
    ours = Ours(stack.project.home, controller=0).among(census)
    children = [child.process for child in stack.supervisor.children().values() if child.process]
    supervisor = stack.supervisor.pid()
    keeper = census.processes[supervisor].parent
    assert ours >= {supervisor, keeper, *(process.pid for process in children)}
    assert ours - census.family([os.getpid(), keeper]) == set()


def test_it_dies_with_its_parent(stack: RunningStack, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    words = [sys.executable, "-P", "-m", "probes.sampler", str(run.path), str(stack.project.home)]
    with subprocess.Popen([sys.executable, "-c", _STARTS, *words], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        sampler = ProcessId.of(int(parent.stdout.readline()))
        assert sampler
        assert parent.stdout.readline() == "ready\n"
        os.kill(sampler.pid, signal.SIGINT)  # the terminal's, meant for the parent
        before = len(run.samples(HEALTH))
        wait_until(lambda: len(run.samples(HEALTH)) > before, 30, "it goes on sampling")
        parent.kill()
    wait_until(lambda: not sampler.is_alive(), 60, "the sampler ends with its parent")


def test_it_stops_when_it_is_told_and_refuses_what_is_no_run(stack: RunningStack, tmp_path: Path) -> None:
    with sampling(make_run(tmp_path / "run"), stack.project.home) as one:
        assert one.ask("stop") == ""
        assert one.process.wait(60) == 0
    words = [sys.executable, "-P", "-m", "probes.sampler", str(tmp_path), str(stack.project.home)]
    refused = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "run.json: does not tell of a run" in refused.stderr


def _waiting_for_events(sampler: SamplerProcess) -> int:
    """Of the second look that Kafka answered: the first may have read the history before that was whole."""
    since_ns = time.monotonic_ns()

    def seen() -> list[int]:
        rows = [row for row in sampler.run.samples(BACKLOG, name="events") if row["at"] > since_ns]
        return [row["waiting"] for row in rows if row["waiting"] is not None][1:]

    return wait_until(seen, _WITHIN_S, "two looks")[0]


def _gpus_of(stack: RunningStack, name: str) -> list[str]:
    def told() -> list[str]:
        answer = httpx.get(f"{api_of(stack)}/allocations/{name}", timeout=60)  # 503 while nobody can say
        return list(json.loads(answer.text)["grant"]["gpu_ids"]) if answer.status_code == 200 else []

    return wait_until(told, _WITHIN_S, f"it is told what {name} was granted")
