"""Events of many writers in one file, in order, whatever a crash or a full disk takes."""

import json
import resource
import threading
from pathlib import Path

import pytest

from chaos_aura.record.timeline import Timeline, read_timeline


def test_an_event_is_on_the_file_with_both_clocks_when_it_was_told(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "timeline.jsonl")
    timeline.tell("fault.in_force", lease="01K9", seen="ü")
    [event] = read_timeline(timeline.path)
    assert (event["event"], event["lease"], event["seen"]) == ("fault.in_force", "01K9", "ü")
    assert event["monotonic_ns"] > 0
    assert event["wall"] > 1.7e9
    timeline.close()


def test_events_of_many_threads_are_whole_and_in_the_order_of_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    timelines = [Timeline(path) for _ in range(8)]

    def write(timeline: Timeline) -> None:
        for number in range(100):
            timeline.tell("e", number=number, filling="x" * 200)

    threads = [threading.Thread(target=write, args=(timeline,)) for timeline in timelines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for line in path.read_bytes().splitlines() if line]
    assert len(lines) == 800
    assert sorted(line["number"] for line in lines) == sorted([*range(100)] * 8)
    assert [event["monotonic_ns"] for event in read_timeline(path)] == sorted(line["monotonic_ns"] for line in lines)
    for timeline in timelines:
        timeline.close()


def test_a_torn_line_takes_no_other_with_it(tmp_path: Path) -> None:
    """Neither those before it nor the one that is told after it."""
    timeline = Timeline(tmp_path / "timeline.jsonl")
    for number in range(3):
        timeline.tell("e", number=number)
    content = timeline.path.read_bytes()
    ends = [at for at, byte in enumerate(content) if content[at - 1 : at] == b"}" and byte == ord("\n")]
    for cut in range(len(content)):
        timeline.path.write_bytes(content[:cut])
        timeline.tell("after")
        whole = sum(end <= cut for end in ends)
        told = [event.get("number", "after") for event in read_timeline(timeline.path)]
        assert told == [*range(whole), "after"]
    timeline.close()


@pytest.mark.parametrize("room", [0, 1, 30])
def test_a_full_disk_is_counted_and_keeps_nobody_from_healing(tmp_path: Path, room: int) -> None:
    timeline = Timeline(tmp_path / "timeline.jsonl")
    timeline.tell("before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (timeline.path.stat().st_size + room, hard))
    try:
        timeline.tell("lost")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    timeline.tell("after")
    assert timeline.lost == 1
    assert [event["event"] for event in read_timeline(timeline.path)] == ["before", "after"]
    timeline.close()


def test_what_was_never_written_is_empty(tmp_path: Path) -> None:
    assert read_timeline(tmp_path / "nothing.jsonl") == []
