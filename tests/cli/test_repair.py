"""`chaos-aura repair`: what real stores have lost is told, written again from Temporal, and nothing else is touched."""

import json
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from awaiting import wait_until
from driven_allocations import allocate, api_of
from hurting import paused
from kept_run_folders import keep
from local_stack import PlacedStack, chaos_aura
from proxies import cut
from run_books import (
    decisions_of,
    events_of,
    lose_allocation,
    lose_decision,
    lose_events_before,
    put_back_to_granted,
)

from chaos_aura.cli.repair_progress import followed
from chaos_aura.cli.repair_stores import Progress
from chaos_aura.cli.repair_view import lines_of
from chaos_aura.core.process import ProcessId
from chaos_aura.core.project import Project
from chaos_aura.stack.running import RunningStack

_WITHIN_S = 120
_ANSWERS_WITHIN_S = 60
_RUN = "20261129T093010-neo4j_down"


@dataclass(frozen=True)
class RunOfAStack:
    """Some allocations of one tag, and a folder as a run keeps it."""

    stack: RunningStack
    id: str
    tag: str

    def allocation(self, name: str) -> str:
        return f"{self.tag}-{name}"

    def begins_at(self, when: str) -> None:
        path = self.stack.project.home / "runs" / self.id / "run.json"
        told = json.loads(path.read_text(encoding="utf-8")) | {"tag": self.tag, "began_at": when}
        path.write_text(json.dumps(told), encoding="utf-8")

    def repair(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return PlacedStack(self.stack.project).command("repair", self.id, *words)

    def told(self, code: int, *words: str) -> dict[str, Any]:
        done = self.repair(*words, "--json")
        assert done.returncode == code, (done.stdout, done.stderr)
        return dict(json.loads(done.stdout))

    def missing(self, code: int, *words: str) -> list[tuple[str, str, str]]:
        return [(row["allocation"], row["store"], row["missing"]) for row in self.told(code, *words)["items"]]

    def books(self) -> tuple[Any, Any]:
        return decisions_of(self.stack, self.tag), events_of(self.stack, self.tag)


@pytest.fixture
def run(stack: RunningStack) -> Iterator[RunOfAStack]:
    tag = f"mended{uuid.uuid4().hex[:10]}"
    folder = keep(stack.project.home, f"{_RUN}-{tag}", None)
    made = RunOfAStack(stack, folder.name, tag)
    made.begins_at(datetime.now(UTC).isoformat())
    yield made
    shutil.rmtree(folder)
    (folder.parent / "latest").unlink()


def ask(run: RunOfAStack, name: str, count: int = 1) -> None:
    """It keeps what it gets."""
    body = {"request_id": run.allocation(name), "tenant": run.tag, "gpu_type": "t4", "count": count, "hours": 1}

    def is_answered() -> bool:
        asked = httpx.post(f"{api_of(run.stack)}/allocations", json=body, timeout=_ANSWERS_WITHIN_S)
        return asked.status_code in (200, 201, 409)

    wait_until(is_answered, _WITHIN_S, f"{name} is answered")


def give_back(run: RunOfAStack, name: str) -> None:
    url = f"{api_of(run.stack)}/allocations/{run.allocation(name)}"

    def is_given_back() -> bool:
        gone = httpx.delete(url, headers={"X-Tenant": run.tag}, timeout=_ANSWERS_WITHIN_S)
        return gone.status_code in (200, 409)

    wait_until(is_given_back, _WITHIN_S, f"{name} is given back")


def wait_until_whole(run: RunOfAStack) -> None:
    wait_until(lambda: run.repair().returncode == 0, _WITHIN_S, "nothing is missing")


@contextmanager
def driven(run: RunOfAStack) -> Iterator[None]:
    """Three that were given back, one that is kept, one that was refused; all on record."""
    for name in ("one", "two", "three"):
        allocate(run.stack, run.tag, run.allocation(name))
    ask(run, "kept")
    ask(run, "refused", count=900)
    wait_until_whole(run)
    decisions, events = run.books()
    assert sorted(row["allocation"]["state"] for row in decisions.values()) == [
        "granted", "refused", "released", "released", "released",
    ]  # fmt: skip
    assert decisions.keys() == events.keys()
    yield
    give_back(run, "kept")
    wait_until_whole(run)


def test_decisions_that_are_lost_are_told_then_written_as_they_were(run: RunOfAStack) -> None:
    with driven(run):
        whole = run.books()
        lose_allocation(run.stack, run.allocation("one"))
        lose_decision(run.stack, run.allocation("kept"))
        put_back_to_granted(run.stack, run.allocation("two"))
        hurt = run.books()
        assert hurt[0] != whole[0]
        expected = sorted(
            [
                (run.allocation("one"), "neo4j", "decision"),
                (run.allocation("kept"), "neo4j", "decision"),
                (run.allocation("two"), "neo4j", "state released"),
            ]
        )
        plan = run.told(1)
        assert sorted((row["allocation"], row["store"], row["missing"]) for row in plan["items"]) == expected
        assert (plan["schema"], plan["run"], plan["applied"], plan["left"]) == (1, run.id, False, [])
        assert {row["repaired"] for row in plan["items"]} == {None}
        said = run.repair()
        assert (said.returncode, said.stderr) == (1, "")
        assert said.stdout.splitlines()[0] == "neo4j: 3 missing"
        assert said.stdout.endswith(f"nothing was written; to write it again: chaos-aura repair {run.id} --apply\n")
        assert run.books() == hurt
        done = run.told(0, "--apply")
        assert sorted((row["allocation"], row["store"], row["missing"]) for row in done["items"]) == expected
        assert {row["repaired"] for row in done["items"]} == {True}
        assert run.books() == whole
        assert run.missing(0, "--apply") == []
        assert run.books() == whole


def test_events_that_are_lost_are_written_again_and_no_others(run: RunOfAStack) -> None:
    """All that lay in one partition before one's last event: what comes late stands after what is there."""
    with driven(run):
        decisions, whole = run.books()
        mine = run.allocation("two")
        assert len(whole[mine]) == 4
        lose_events_before(run.stack, whole[mine][3])
        hurt = events_of(run.stack, run.tag)
        assert [each.value for each in hurt[mine]] == [whole[mine][3].value]
        lost = {
            (name, "kafka", f"event {json.loads(each.value)['kind'].rpartition('.')[2]}"): each.value
            for name, events in whole.items()
            for each in events
            if each not in hurt.get(name, [])
        }
        plan = run.told(1)
        assert {(row["allocation"], row["store"], row["missing"]) for row in plan["items"]} == lost.keys()
        late = [row for row in plan["items"] if row["allocation"] == mine]
        assert [(row["missing"], row["out_of_order"]) for row in late] == [
            ("event requested", True), ("event decided", True), ("event granted", True),
        ]  # fmt: skip
        assert run.books() == (decisions, hurt)
        shown = run.repair("--apply")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert shown.stdout.splitlines()[0] == f"kafka: {len(lost)} of {len(lost)} repaired"
        after = events_of(run.stack, run.tag)
        for name, events in whole.items():
            added = [each.value for each in after[name] if each not in hurt.get(name, [])]
            assert added == [each.value for each in events if each not in hurt.get(name, [])]
            assert after[name][: len(hurt.get(name, []))] == hurt.get(name, [])
        assert decisions_of(run.stack, run.tag) == decisions
        run.begins_at("2100-01-01T00:00:00+00:00")  # by a wrong clock: no event is from after that
        assert run.missing(0, "--apply") == []
        assert events_of(run.stack, run.tag) == after


def test_one_allocation_alone_and_none_of_another_run(run: RunOfAStack) -> None:
    with driven(run):
        whole = run.books()
        lose_decision(run.stack, run.allocation("one"))
        lose_decision(run.stack, run.allocation("two"))
        only = ("--request", run.allocation("two"))
        assert run.missing(1, *only) == [(run.allocation("two"), "neo4j", "decision")]
        assert run.repair(*only).stdout.endswith(f"chaos-aura repair {run.id} --request={only[1]} --apply\n")
        assert run.missing(0, *only, "--apply") == [(run.allocation("two"), "neo4j", "decision")]
        assert run.missing(1) == [(run.allocation("one"), "neo4j", "decision")]
        assert run.missing(0, "--apply") == [(run.allocation("one"), "neo4j", "decision")]
        assert run.books() == whole
        unheard = run.told(3, "--request", run.allocation("unheard-of"))
        assert [(row["allocation"], row["fate"]) for row in unheard["left"]] == [
            (run.allocation("unheard-of"), "unknown")
        ]
        refused = run.repair("--request", "somebodys")
        why = f"error: somebodys: is no allocation of {run.id}; give one that begins with {run.tag}\n"
        assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", why)


def test_what_a_workflow_is_still_writing_is_left_to_it(run: RunOfAStack) -> None:
    with cut(run.stack, "worker.kafka"):
        allocate(run.stack, run.tag, run.allocation("one"))
        wait_until(lambda: _state_of(run, "one") == "released", _WITHIN_S, "Neo4j is told")
        before = run.books()
        told = run.told(3, "--apply")
        assert told["items"] == []
        assert [(row["allocation"], row["store"], row["fate"]) for row in told["left"]] == [
            (run.allocation("one"), "kafka", "waits")
        ]
        assert run.books() == before
        assert before[1] == {}
    wait_until_whole(run)


def test_what_only_a_silent_worker_knows_nobody_knows(run: RunOfAStack) -> None:
    with driven(run):
        lose_decision(run.stack, run.allocation("kept"))
        lose_decision(run.stack, run.allocation("one"))
        with paused(run.stack, "worker"):
            told = run.told(0, "--apply", "--request", run.allocation("one"))
            assert [row["repaired"] for row in told["items"]] == [True]
            told = run.told(3, "--apply")
        assert (told["items"], [(row["allocation"], row["fate"]) for row in told["left"]]) == (
            [],
            [(run.allocation("kept"), "unknown")],
        )
        wait_until(lambda: run.repair("--apply").returncode == 0, _WITHIN_S, "it is written when somebody works")


def test_a_store_that_is_away_is_one_line_and_nothing_is_written(run: RunOfAStack) -> None:
    with driven(run):
        lose_decision(run.stack, run.allocation("one"))
        with paused(run.stack, "neo4j"):
            done = run.repair("--apply")
            told = run.told(3, "--apply")
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith("error: neo4j: ")
        assert "nobody knows what is missing, and nothing was written" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert (told["looked_at"], told["items"], [row["store"] for row in told["left"]]) == (None, [], ["neo4j"])
        wait_until(lambda: run.repair("--apply").returncode == 0, _WITHIN_S, "it is written once Neo4j is back")


def test_interrupted_it_says_how_far_it_came_and_leaves_nobody(run: RunOfAStack) -> None:
    with paused(run.stack, "neo4j"), _begun(run) as command:
        child = wait_until(lambda: _asking(command.pid), _WITHIN_S, "it asks the stores")
        command.send_signal(signal.SIGINT)
        assert command.wait(_WITHIN_S) == 130
        assert command.stderr is not None
        said = command.stderr.read()
        wait_until(lambda: not child.is_alive(), _WITHIN_S, "nobody asks any more")
    assert said == (
        "nothing had been written yet\n"
        "interrupted: what it has written stays; run it again, it finds what is still missing\n"
    )


def test_interrupted_in_the_midst_it_counts_what_is_there_again(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: object, told: Callable[[Progress], None]) -> dict[str, Any]:
        for repaired in (0, 50):
            told(Progress("writing", repaired, 1200))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        followed({}, interrupted)
    assert capsys.readouterr().err == "writing: 50 of 1,200 are there again\n"


def test_many_are_told_shortly_and_what_an_id_carries_steers_no_terminal() -> None:
    row = {"store": "kafka", "missing": "event granted", "state": "granted", "why": "Kafka holds no event"}
    items = [{**row, "allocation": f"r-{each}\x1b[2J", "repaired": None, "why_not": ""} for each in range(30)]
    lines = list(lines_of({"looked_at": {"temporal": 30}, "items": items, "left": []}))
    assert lines[0] == "kafka: 30 missing"
    assert lines[-1] == "  and 10 more (--json tells all)"
    assert len(lines) == 22
    assert lines[1] == "  r-0 [2J  event granted: Temporal knows it as granted, Kafka holds no event"
    some = [{**each, "repaired": number == 0, "why_not": "away"} for number, each in enumerate(items[:2])]
    lines = list(lines_of({"looked_at": {"temporal": 30}, "items": some, "left": []}))
    assert lines[0] == "kafka: 1 of 2 repaired"
    assert lines[2].startswith("  NOT repaired  r-1")
    assert lines[2].endswith("; away")


def test_a_run_of_which_temporal_knows_nothing_is_not_called_whole(run: RunOfAStack) -> None:
    done = run.repair()
    assert (done.returncode, done.stderr) == (3, "")
    assert "nothing is missing" not in done.stdout
    assert done.stdout.splitlines()[0] == "left as it is: 1"
    assert "knows no allocation of this run" in done.stdout


def test_no_such_run(stack: RunningStack, run: RunOfAStack) -> None:
    done = PlacedStack(stack.project).command("repair", "2019")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: 2019: no such run is kept here; there are: ")


def test_without_a_stack_it_cannot_be_asked(tmp_path: Path) -> None:
    one = PlacedStack(Project(tmp_path))
    folder = keep(one.project.home, _RUN, "passed")
    without_tag = one.command("repair", "latest")
    assert (without_tag.returncode, without_tag.stdout) == (2, "")
    assert without_tag.stderr.startswith(f"error: {folder / 'run.json'}: has no `tag`; ")
    told = json.loads((folder / "run.json").read_text(encoding="utf-8")) | {"tag": "01kb7q9x3m"}
    (folder / "run.json").write_text(json.dumps(told), encoding="utf-8")
    done = one.command("repair", "latest", "--apply")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.endswith("; run: chaos-aura up\n")


@contextmanager
def _begun(run: RunOfAStack) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        chaos_aura("repair", run.id, "--apply"),
        cwd=run.stack.project.root,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        try:
            yield command
        finally:
            command.kill()


def _asking(pid: int) -> ProcessId | None:
    """Its child, once that is the program that asks."""
    for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        if b"chaos_aura.platform.repair" in Path(f"/proc/{each}/cmdline").read_bytes():
            return ProcessId.of(int(each))
    return None


def _state_of(run: RunOfAStack, name: str) -> str:
    row = decisions_of(run.stack, run.tag).get(run.allocation(name))
    return str(row["allocation"]["state"]) if row else ""
