"""The timeline of a process."""

import threading
import time
from pathlib import Path

import pytest
from observed import events_of, lines_of

from chaos_aura.platform.guards import BreakerChange, BreakerState
from chaos_aura.platform.observe import Observer, metrics
from chaos_aura.platform.observe.events import EventLog, Happening


def test_an_event_has_its_kind_its_process_both_times_and_its_fields(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "worker-2.ndjson", mono=lambda: 5, wall=lambda: 7)
    log.record(Happening.OVERLOADED, lane="readings", queue=3)
    log.close()
    assert lines_of(tmp_path / "worker-2.ndjson") == [
        {"kind": "overloaded", "process": "worker-2", "mono_ns": 5, "wall_ns": 7, "lane": "readings", "queue": 3}
    ]


def test_times_are_those_of_the_machine(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "api.ndjson")
    before_ns = time.monotonic_ns()
    log.record("first")
    log.record("second")
    log.close()
    first, second = lines_of(tmp_path / "api.ndjson")
    assert before_ns <= first["mono_ns"] <= second["mono_ns"] <= time.monotonic_ns()
    assert abs(second["wall_ns"] - time.time_ns()) < 60e9


def test_events_of_many_threads_are_whole_lines(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "api.ndjson")

    def record(thread: int) -> None:
        for number in range(200):
            log.record("tick", thread=thread, number=number, padding="x" * thread * 50)

    threads = [threading.Thread(target=record, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    found = [(event["thread"], event["number"]) for event in lines_of(tmp_path / "api.ndjson")]
    assert sorted(found) == [(thread, number) for thread in range(8) for number in range(200)]


def test_what_json_does_not_know_is_told_as_text(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "api.ndjson")
    log.record("odd", path=Path("/somewhere"), cause=ValueError("no"), large=2**70, half="\ud800", keys={(1, 2): 3})
    itself: list[object] = []
    itself.append(itself)
    log.record("round", itself=itself)
    log.close()
    odd, around = lines_of(tmp_path / "api.ndjson")
    assert (odd["path"], odd["cause"], odd["large"], odd["keys"]) == ("/somewhere", "no", 2**70, {})
    assert "'round'" in around["unencodable"]


def test_beginning_and_end_of_a_process_are_events(observer: Observer, home: Path) -> None:
    observer.close()
    assert [event["kind"] for event in events_of(home)] == ["process_started", "process_ended"]


def test_a_breaker_that_changes_is_an_event_a_metric_and_a_line(
    observer: Observer, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    observer.expect("neo4j", "kafka")
    change = BreakerChange("neo4j", BreakerState.CLOSED, BreakerState.OPEN, 12.5, 1795261200.7, "5 failures in a row")
    observer.notice(change)
    event = events_of(home)[-1]
    assert event["kind"] == "breaker_changed"
    assert (event["dependency"], event["before"], event["after"]) == ("neo4j", "closed", "open")
    assert (event["cause"], event["changed_mono_ns"]) == ("5 failures in a row", 12_500_000_000)
    shown = metrics.exposition()[0].decode()
    assert 'circuit_breaker_state{dependency="neo4j",process="worker"} 2.0' in shown
    assert 'circuit_breaker_state{dependency="kafka",process="worker"} 0.0' in shown
    assert '"event":"breaker changed","dependency":"neo4j","before":"closed"' in capfd.readouterr().out
