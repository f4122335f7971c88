"""Safeguards that look on while a run goes on: each for itself, until the first that no longer holds."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from awaiting import wait_until

from chaos_aura.core.outcome import RunOutcome
from chaos_aura.core.project import Project
from chaos_aura.record.timeline import read_timeline
from chaos_aura.run.about import About
from chaos_aura.run.conclusion import Verdicts
from chaos_aura.run.options import Options
from chaos_aura.run.run import Run
from chaos_aura.run.safeguards import Safeguard, Safeguards
from chaos_aura.run.samples import Samples

_WITHIN_S = 30.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    options = Options(bystanders=("redis",), least_disk_mb=0, least_memory_mb=0)
    begun = Run.begin(Project(tmp_path), About.of({"title": "a test"}, ["chaos", "run", "a.json"]), options, {})
    yield begun
    begun.timeline.close()


class Looks:
    """A safeguard that counts how often it was asked, and holds."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return ""


def watched(run: Run, *others: Safeguard) -> Safeguards:
    made = Safeguards(run, others)
    made.start()
    return made


def test_one_that_hangs_keeps_no_other_from_looking(run: Run) -> None:
    over = threading.Event()

    def hangs() -> str:
        over.wait(_WITHIN_S)
        return ""

    guards = watched(run, hangs, lambda: "the disk is on fire")
    try:
        assert run.wait(_WITHIN_S)
        assert run.verdicts.conclude().reasons[0] == "safeguard: the disk is on fire"
    finally:
        over.set()
        guards.close()


def test_what_breaks_when_the_run_is_ending_is_no_reason(run: Run) -> None:
    """A stack that is being healed, and tenants that leave, are not what it would have been judged by."""
    asked = threading.Event()

    def breaks_then() -> str:
        asked.set()
        assert run.wait(_WITHIN_S)
        return "it was unwell, too"

    guards = watched(run, breaks_then)
    assert asked.wait(_WITHIN_S)
    run.stop(RunOutcome.INTERRUPTED, "somebody has stopped it")
    guards.close()
    assert run.verdicts.conclude().reasons == ("somebody has stopped it",)


def test_one_that_is_ended_by_a_signal_is_not_blamed(run: Run) -> None:
    asked = threading.Event()

    def breaks_then() -> str:
        asked.set()
        wait_until(lambda: run.is_ending, _WITHIN_S, "the signal")
        return "it was unwell, too"

    guards = watched(run, breaks_then)
    assert asked.wait(_WITHIN_S)
    run.is_ending = True
    guards.close()
    assert run.verdicts.conclude().reasons == Verdicts().conclude().reasons
    assert not run.is_stopping


def test_bystanders_are_missed_only_from_when_somebody_should_look(run: Run) -> None:
    """The stack may have taken long to come up, and the run may have waited for its turn."""
    run.began_ns = time.monotonic_ns() - 3600 * 10**9
    looks = Looks()
    Samples.read(run.folder.samples)  # to import what reads them takes longer than three looks of another
    guards = watched(run, looks)
    wait_until(lambda: looks.count >= 3, _WITHIN_S, "three looks")
    guards.close()
    assert not run.is_stopping


def test_only_the_first_who_stops_a_run_brings_it_to_its_end(run: Run) -> None:
    ended: list[str] = []
    run.on_stop = lambda: ended.append("")
    together = threading.Barrier(8)

    def stop(number: int) -> None:
        together.wait()
        run.stop(RunOutcome.INTERRUPTED, f"reason {number}")

    threads = [threading.Thread(target=stop, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 1
    assert [event["event"] for event in read_timeline(run.folder.timeline)].count("run.stopped") == 1
    assert len(run.verdicts.conclude().reasons) == 8
