import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sampling import RunFolder, make_run

from chaos_aura.core.errors import BadInput, NotMeasured
from chaos_aura.core.operation import ALLOCATE, CANARY, RELEASE, Operation, Outcome
from chaos_aura.record.history import History
from chaos_aura.record.samples import BACKLOG, WEIGHT, Samples
from probes import consistency, latency, load, recovery, resources
from probes.run import Run
from probes.seen_operations import seen_within

S = 1_000_000_000


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    made = make_run(tmp_path / "run")
    monkeypatch.setenv("CHAOS_AURA_RUN", str(made.path))
    return made


def record(run: RunFolder, *operations: tuple[str, Outcome | None]) -> None:
    history = History(run.path / "history-a.jsonl", "a")
    for what, outcome in operations:
        op = history.invoke(what, "t", time.monotonic_ns() - 2 * S, {"request_id": "r"})
        if outcome is not None:
            history.end(op, outcome)


def operation(ended_s: float | None, what: str = ALLOCATE) -> Operation:
    ended_ns = None if ended_s is None else int(ended_s * S)
    outcome = None if ended_s is None else Outcome.OK
    return Operation("o", what, "t", 0, int(((ended_s or 1) - 0.5) * S), ended_ns, outcome)


def test_the_share_that_went_well_counts_what_tenants_asked_for_and_what_has_ended(run: RunFolder) -> None:
    record(
        run,
        (ALLOCATE, Outcome.OK),
        (ALLOCATE, Outcome.FAIL),
        (RELEASE, Outcome.OK),
        (RELEASE, Outcome.INFO),
        (CANARY, Outcome.FAIL),
        (ALLOCATE, None),
    )
    assert load.success_rate() == 0.5
    assert load.success_rate(60) == 0.5
    told = load.operations()
    assert told["allocate"]["ok"] == told["allocate"]["fail"] == told["allocate"]["under_way"] == 1
    assert told["release"]["info"] == 1
    assert told["canary"]["p50_ms"] is None
    assert 2000 <= told["allocate"]["p99_ms"] < 60_000
    assert load.throughput() > 0
    assert load.throughput(10) == 0.2
    assert 2 <= latency.allocation_latency() < 60


def test_where_nothing_was_nothing_is_measured(run: RunFolder) -> None:
    assert load.operations() == {}
    for probe in (load.success_rate, load.throughput, latency.allocation_latency, latency.event_lag_s):
        with pytest.raises(NotMeasured):
            probe()


def test_a_window_is_of_the_last_seconds_and_the_whole_is_until_the_last_that_ended() -> None:
    operations = [operation(1), operation(5), operation(None), operation(9)]
    whole = seen_within(operations, 0, 20 * S)
    assert (len(whole.ended), len(whole.under_way), whole.lasted_s) == (3, 1, 8.5)
    last = seen_within(operations, 12, 20 * S)
    assert ([each.ended_ns for each in last.ended], last.lasted_s) == ([9 * S], 12)
    assert seen_within(operations, 2, 20 * S).ended == []


@pytest.mark.parametrize("wrong", [lambda: load.success_rate(-1), lambda: latency.allocation_latency(share=95)])
def test_what_makes_no_sense_is_refused(run: RunFolder, wrong: Callable[[], float]) -> None:
    with pytest.raises(BadInput):
        wrong()


def test_outside_a_run_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CHAOS_AURA_RUN", raising=False)
    with pytest.raises(BadInput, match="CHAOS_AURA_RUN: names no run"):
        load.success_rate()
    monkeypatch.setenv("CHAOS_AURA_RUN", str(tmp_path))
    with pytest.raises(BadInput, match=r"run\.json: does not tell of a run"):
        recovery.recovery_times()


def test_a_run_without_a_tag_is_refused(run: RunFolder) -> None:
    told = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**told, "tag": ""}))
    with pytest.raises(BadInput, match="tag"):
        Run.of(run.path)


def test_findings_are_told_when_there_are_some(run: RunFolder) -> None:
    assert recovery.recovery_times() == consistency.agreement() == {"state": "not measured yet"}
    (run.path / "findings.json").write_text(json.dumps({"recovery": {"state": "recovered"}}))
    assert recovery.recovery_times() == {"state": "recovered"}
    assert consistency.agreement() == {"state": "not measured yet"}
    (run.path / "findings.json").write_text("{")
    with pytest.raises(BadInput, match=r"findings\.json: cannot be read"):
        recovery.recovery_times()


def test_backlogs_are_as_they_were_sampled_last(run: RunFolder) -> None:
    assert consistency.backlogs() == {"state": "not measured yet"}
    samples = Samples(run.path / "samples.jsonl")
    samples.add(BACKLOG, name="events", waiting=9, oldest_s=9.0)
    samples.add(BACKLOG, name="events", waiting=1, oldest_s=0.5)
    samples.add(BACKLOG, name="decisions", waiting=None, oldest_s=None)
    assert consistency.backlogs() == {
        "events": {"waiting": 1, "oldest_s": 0.5},
        "decisions": {"waiting": None, "oldest_s": None},
    }
    assert latency.event_lag_s() == 0.5
    samples.add(BACKLOG, name="events", waiting=None, oldest_s=None)
    with pytest.raises(NotMeasured, match="could not be asked"):
        latency.event_lag_s()


def test_weight_is_as_it_was_sampled_last(run: RunFolder) -> None:
    samples = Samples(run.path / "samples.jsonl")
    samples.add(WEIGHT, of="redis", cpu=0.5, rss_mb=10.0)
    samples.add(WEIGHT, of="redis", cpu=0.1, rss_mb=12.0)
    assert resources.weight() == {"redis": {"cpu": 0.1, "rss_mb": 12.0}}
