"""Operations of several writers, whatever a crash takes."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaos_aura.core.operation import ALLOCATE, Operation, Outcome
from chaos_aura.record.history import History, read_history


def written(path: Path, writer: str = "w1") -> History:
    history = History(path, writer)
    op = history.invoke(ALLOCATE, "tenant-1", 5, {"gpu_type": "a100", "count": 2})
    history.end(op, Outcome.OK, {"gpu_ids": ["a100-0", "a100-1"]})
    history.invoke("release", "tenant-1", 3)
    return history


def test_an_operation_is_read_as_it_was_written_and_by_when_it_was_due(tmp_path: Path) -> None:
    before_ns = time.monotonic_ns()
    written(tmp_path / "h.jsonl").close()
    read = read_history([tmp_path / "h.jsonl"])
    assert read.unread == 0
    release, allocate = read.operations
    assert (release.what, release.due_ns, release.outcome, release.ended_ns) == ("release", 3, None, None)
    assert (allocate.by, allocate.outcome, allocate.asked["count"]) == ("tenant-1", Outcome.OK, 2)
    assert allocate.answered == {"gpu_ids": ["a100-0", "a100-1"]}
    assert allocate.ended_ns
    assert before_ns <= allocate.invoked_ns <= allocate.ended_ns <= time.monotonic_ns()


def test_writers_are_merged(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.jsonl" for name in ("w1", "w2", "w3")]
    for path in paths[:2]:
        written(path, path.stem).close()
    read = read_history(paths)  # the third was never begun
    assert sorted(each.id for each in read.operations) == ["w1-1", "w1-2", "w2-1", "w2-2"]


def test_a_torn_line_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    written(path).close()
    whole = path.read_bytes()
    for cut in range(len(whole)):
        torn = tmp_path / f"{cut}.jsonl"
        more = History(torn, "w2")
        with torn.open("r+b") as file:
            file.write(whole[:cut])
        more.invoke(ALLOCATE, "tenant-2", 9)
        more.close()
        read = read_history([torn])
        assert read.operations[-1].by == "tenant-2"
        kept = [line for line in whole[:cut].split(b"\n") if line in whole.split(b"\n")]
        assert len(read.operations) - 1 == sum(b'"invoke"' in line for line in kept)


@pytest.mark.parametrize(
    "line",
    [
        b'{"op":"w1-1","is":"ok","at":7,"value":{}}',  # has ended already
        b'{"op":"w1-1","is":"invoke","at":7,"due":1,"by":"t","what":"allocate","value":{}}',  # has begun already
        b'{"op":"w9-9","is":"ok","at":7,"value":{}}',  # never began
        b'{"op":"w1-2","is":"perhaps","at":7,"value":{}}',
        b'{"op":"w1-2","is":"ok","at":"noon","value":{}}',
        b"[]",
        b"{}",
    ],
)
def test_what_belongs_to_nothing_is_counted(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "h.jsonl"
    written(path).close()
    before: tuple[Operation, ...] = read_history([path]).operations
    with path.open("ab") as file:
        file.write(line + b"\n")
    read = read_history([path])
    assert (read.operations, read.unread) == (before, 1)


def test_what_a_full_disk_takes_is_counted(tmp_path: Path) -> None:
    history = written(tmp_path / "h.jsonl")
    usual, former = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (history.path.stat().st_size + 10, usual[1]))
        history.invoke(ALLOCATE, "tenant-1", 7)
        history.invoke(ALLOCATE, "tenant-1", 8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        signal.signal(signal.SIGXFSZ, former)
    history.invoke(ALLOCATE, "tenant-1", 9)
    history.close()
    assert history.lost == 2
    assert [each.due_ns for each in read_history([history.path]).operations] == [3, 5, 9]


def test_what_json_cannot_say_is_counted_and_keeps_nobody_from_going_on(tmp_path: Path) -> None:
    history = History(tmp_path / "h.jsonl", "w1")
    op = history.invoke(ALLOCATE, "tenant-1", 1)
    for strange in ({"why": "\ud800"}, {"number": 1 << 70}, {1: "key"}, {"thing": object()}):
        history.end(op, Outcome.OK, strange)  # type: ignore[arg-type]
    history.end(op, Outcome.OK)
    history.close()
    assert (history.lost, read_history([history.path]).operations[0].outcome) == (4, Outcome.OK)


def test_nobody_goes_on_with_the_history_of_another(tmp_path: Path) -> None:
    written(tmp_path / "h.jsonl").close()
    with pytest.raises(FileExistsError):
        History(tmp_path / "h.jsonl", "w1")


_WRITES_FOR_EVER = """
import sys
from pathlib import Path
from chaos_aura.core.operation import Outcome
from chaos_aura.record.history import History
history = History(Path(sys.argv[1]), "w1")
while True:
    history.end(history.invoke("allocate", "tenant-1", 1), Outcome.OK)
    print(flush=True)
"""


def test_a_writer_that_is_killed_loses_at_most_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    words = [sys.executable, "-c", _WRITES_FOR_EVER, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        told = [writer.stdout.readline() for _ in range(200)]
        os.kill(writer.pid, signal.SIGKILL)
        told += writer.stdout.readlines()
    read = read_history([path])
    assert len(told) <= len(read.operations) <= len(told) + 1
    assert read.unread <= 1
    assert all(each.outcome is Outcome.OK for each in read.operations[: len(told)])
