"""`chaos-aura events`: what the platform wrote is judged, copied and told; what is planted is found."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from clients import FORGOTTEN_SOCKETS, kafka
from driven_allocations import allocate
from hurting import is_well, paused
from local_stack import PlacedStack, chaos_aura, processes_in
from own_topics import OwnTopics, own_topics, told

from chaos_aura.cli.moment import moment_ms
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.platform.events.topics import EVENTS
from chaos_aura.stack.running import RunningStack

_WITHIN_S = 120
_NOW_MS = 1_795_266_600_000
_ODD = [  # key, value
    (b"r-1", b'{"event_id": "with a blank"}'),
    (b"r-1", b'{"event_id":"r-1","event_id":"twice"}'),
    (b"r-1", b"[1]"),
    (b"r-1", b"null"),
    (b"r-1", b"\xff\x00"),
    (b"r-1", None),
    (b"\xff", b""),
    (None, b'{"n":1.10}'),
    (b"", b'{"n":1e400}'),
    (b"r-1", '{"ü":"\\u00fc"}'.encode()),
]

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings(FORGOTTEN_SOCKETS)]


@pytest.fixture
def here(stack: RunningStack) -> PlacedStack:
    return PlacedStack(stack.project)


@pytest.fixture
def nowhere(tmp_path: Path) -> PlacedStack:
    (tmp_path / "nowhere").mkdir()
    return PlacedStack(Project(tmp_path / "nowhere"))


@pytest.fixture
def tag() -> str:
    """Of what a test writes: others have written before it."""
    return f"planted-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def topics(stack: RunningStack, tag: str) -> Iterator[OwnTopics]:
    with own_topics(stack.catalogue.service("kafka").uri, tag) as own:
        yield own


def document(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert done.stderr == ""
    read: dict[str, Any] = json.loads(done.stdout)
    assert read["schema"] == 1
    return read


def kinds_of(read: dict[str, Any]) -> list[str]:
    return [row["kind"].removeprefix("allocation.") for row in read["story"] if not row["duplicate"]]


def written(here: PlacedStack, request: str) -> dict[str, Any]:
    """Once all of it is there."""

    def is_told() -> dict[str, Any]:
        done = here.command("events", "timeline", request, "--json")
        read = document(done)
        is_over = kinds_of(read)[-1:] in (["released"], ["refused"])
        return read | {"code": done.returncode} if is_over else {}

    return wait_until(is_told, _WITHIN_S, f"the events of {request}")


def test_what_the_platform_writes_is_valid_and_told(stack: RunningStack, here: PlacedStack, tag: str) -> None:
    allocate(stack, tag, tag)
    read = written(here, tag)
    assert (read["code"], read["validity"], read["violations"]) == (0, "valid", [])
    assert kinds_of(read) in (["requested", "decided", "granted", "released"], ["requested", "decided", "refused"])
    assert {(row["key"], row["partition"]) for row in read["story"]} == {(tag, read["story"][0]["partition"])}
    assert read["story"][0]["since_before_ms"] is None
    for before, row in zip(read["story"], read["story"][1:], strict=False):
        assert row["since_before_ms"] == row["at_ms"] - before["at_ms"]
        assert row["offset"] > before["offset"]
    done = here.command("events", "timeline", tag)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"VALID  {tag}: {len(read['story'])} events\n")
    assert [line.split()[-1] for line in done.stdout.splitlines()[1:3]] == [
        "allocation.requested",
        "allocation.decided",
    ]


@pytest.fixture
def run(stack: RunningStack, tag: str) -> Iterator[str]:
    """A run that began just now, with that tag."""
    folder = stack.project.home / "runs" / tag
    folder.mkdir(parents=True)
    about = {"schema": 1, "id": tag, "tag": tag, "began_at": "2026-11-29T09:30:12.120+00:00"}
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    yield tag
    shutil.rmtree(folder)


def test_a_bad_event_among_all_others_is_found(here: PlacedStack, topics: OwnTopics, run: str) -> None:
    fine, bad = f"{run}-fine", f"{run}-bad"
    topics.put(*told(fine, 0, 1, 2, 3), topic=EVENTS)
    found = here.command("events", "validate", "--run", run, "--json")
    assert (found.returncode, document(found)["validity"], document(found)["allocations"]) == (0, "valid", 1)
    (place,) = topics.put((bad.encode(), b'{"event_id": '), topic=EVENTS)
    found = here.command("events", "validate", "--run", run, "--json")
    read = document(found)
    assert (found.returncode, read["validity"], read["counts"]["unreadable"]) == (1, "invalid", 1)
    (violation,) = read["violations"]
    assert (violation["kind"], violation["allocation"]) == ("unreadable", bad)
    nobodys = {"event_id": None, "at_ms": None}
    assert violation["evidence"] == [{"partition": place.partition, "offset": place.offset, **nobodys}]
    since = here.command("events", "validate", "--since", "1h", "--json")
    assert since.returncode == 1
    assert violation in document(since)["violations"]
    shown = here.command("events", "validate", "--run", run)
    assert shown.stdout.startswith("INVALID  allocation.events: 5 records of 1 allocations")
    assert f"unreadable: 1\n  {bad}: the record at {place.partition}@{place.offset} is no event" in shown.stdout


def test_a_run_of_which_nothing_is_there_is_unknown(here: PlacedStack, run: str) -> None:
    done = here.command("events", "validate", "--run", run)
    assert done.returncode == 3
    assert "there is no event of what was asked for" in done.stdout


def test_the_groups_are_told(here: PlacedStack) -> None:
    def seen() -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = document(here.command("events", "validate", "--json")).get("groups", [])
        return [each for each in groups if each["group"] == "usage-projection" and each["members"]]

    (group,) = wait_until(seen, _WITHIN_S, "the projection is a member of its group")
    assert group["lag"] == sum(group["lags"].values())
    assert set(group["lags"]) == {"0", "1", "2", "3"}


def test_a_group_that_nobody_reads_for_is_a_note(here: PlacedStack, topics: OwnTopics, tag: str) -> None:
    topics.put(*told("r-1", 0, 1, 2))
    group = f"{tag}-group"
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=topics.address, group_id=group, enable_auto_commit=False, metrics_enabled=False
    )
    try:
        consumer.commit({kafka.TopicPartition(topics.name, 0): kafka.OffsetAndMetadata(0, "", -1)})
    finally:
        consumer.close(autocommit=False)
    try:
        read = document(here.command("events", "validate", "--topic", topics.name, "--json"))
    finally:
        admin = kafka.KafkaAdminClient(bootstrap_servers=topics.address)
        admin.delete_groups([group])
        admin.close()
    assert [(each["group"], each["members"], each["lag"]) for each in read["groups"]] == [(group, 0, 3)]
    assert f"group {group} has no member (empty)" in read["notes"]
    assert f"group {group} lags by 3, and came no further in 2 s" in read["notes"]
    assert read["validity"] == "valid"


def test_the_beginning_of_the_topic_is_judged_and_that_of_a_range_is_not(here: PlacedStack, topics: OwnTopics) -> None:
    topics.put(*told("r-1", 1, 2))
    assert here.command("events", "validate", "--topic", topics.name).returncode == 1
    (place,) = topics.put(*told("r-1", 3))
    (last,) = [each for each in topics.records(topics.name) if each.offset == place.offset == 2]
    since = moment(last.timestamp)
    read = document(here.command("events", "validate", "--topic", topics.name, "--since", since, "--json"))
    assert read["range"][str(place.partition)]["to"] == 3
    if read["range"][str(place.partition)]["from"] > 0:  # those before it may have been written in that millisecond
        assert (read["validity"], read["violations"]) == ("valid", [])
    assert here.command("events", "validate", "--topic", topics.name, "--until", "2000-01-01").returncode == 3


def test_what_was_cut_off_is_not_missing(here: PlacedStack, topics: OwnTopics) -> None:
    """The request came half a minute before the cut, and its decision after it, or never."""
    now_ms = int(time.time() * 1000)
    topics.put(*told("r-1", 0), at_ms=now_ms - 60_000)
    until = moment(now_ms - 30_000)
    read = document(here.command("events", "validate", "--topic", topics.name, "--until", until, "--json"))
    assert (read["validity"], read["unfinished"], read["violations"]) == ("valid", 1, [])
    whole = document(here.command("events", "validate", "--topic", topics.name, "--json"))
    assert [each["kind"] for each in whole["violations"]] == ["incomplete"]


def moment(at_ms: int) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def test_a_timeline_marks_what_was_told_before_and_what_is_wrong(here: PlacedStack, topics: OwnTopics) -> None:
    topics.put(*told("r-1", 0, 2, 1, 2), *told("r-2", 0), (b"r-1", b"{"))
    done = here.command("events", "timeline", "r-1", "--topic", topics.name, "--json")
    read = document(done)
    assert (done.returncode, kinds_of(read)) == (1, ["requested", "granted", "decided", "unreadable"])
    assert [row["duplicate"] for row in read["story"]] == [False, False, False, True, False]
    assert read["story"][-1]["why"].startswith("is no JSON")
    assert sorted(each["kind"] for each in read["violations"]) == ["out_of_order", "unreadable"]
    shown = here.command("events", "timeline", "r-1", "--topic", topics.name).stdout
    assert "allocation.granted  (told before)\n" in shown
    assert "out of order\n  r-1: allocation.granted stands before allocation.decided\n" in shown


def test_every_byte_comes_back_from_file_and_topic(here: PlacedStack, topics: OwnTopics, tmp_path: Path) -> None:
    topics.put(*_ODD, *told("r-1", 0, 1, 2, 3))
    file, again = tmp_path / "one.jsonl", tmp_path / "again.jsonl"
    read = document(here.command("events", "replay", "--topic", topics.name, "--into", str(file), "--json"))
    assert (read["read"], read["chosen"], read["written"], read["failed"]) == (14, 14, 14, None)
    assert list(tmp_path.glob(".*")) == []
    words = ("events", "replay", "--from", str(file), "--into", f"topic:{topics.other}")
    refused = here.command(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"error: {topics.other}: is no topic of this Kafka; make it first")
    read = document(here.command(*words, "--make-topic", "--json"))
    assert (read["written"], read["failed"], read["kinds"]["unreadable"]) == (14, None, 10)
    for key in {key for key, _ in _ODD}:
        before, after = (
            [each for each in topics.holds(name) if each[0] == key] for name in (topics.name, topics.other)
        )
        assert after == before != []
    assert here.command("events", "replay", "--topic", topics.other, "--into", str(again)).returncode == 0
    assert without_places(again) == without_places(file)


def without_places(file: Path) -> list[str]:
    """A copy lies elsewhere; it keeps its times."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return sorted(json.dumps(json.loads(line) | {"partition": 0, "offset": 0}) for line in lines)


def test_only_what_is_chosen_is_written(here: PlacedStack, topics: OwnTopics, tmp_path: Path) -> None:
    topics.put(*told("r-1", 0, 1, 2, 3), *told("r-2", 0, 1, 2, 3), (b"r-1", b"{"))
    file = tmp_path / "chosen.jsonl"
    words = ("events", "replay", "--topic", topics.name, "--into", str(file), "--json")
    dry = document(here.command(*words, "--dry", "--request", "r-1"))
    assert (dry["read"], dry["chosen"], dry["dry"], file.exists()) == (9, 5, True, False)
    chosen = document(here.command(*words, "--request", "r-1", "--kind", "granted", "--kind", "allocation.released"))
    assert chosen["kinds"] == {"allocation.granted": 1, "allocation.released": 1}
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(line["key"], line["value"]["kind"]) for line in lines] == [
        ("r-1", "allocation.granted"),
        ("r-1", "allocation.released"),
    ]
    refused = here.command(*words)
    assert (refused.returncode, refused.stderr) == (
        2,
        f"error: {file}: exists already; name another file, or add --force\n",
    )
    assert document(here.command(*words, "--force", "--kind", "unreadable"))["written"] == 1
    assert document(here.command(*words, "--force", "--until", "2000-01-01"))["written"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["validate", "--topic", "no-such"],
            "no-such: is no topic of this Kafka; there are: allocation.dead-letters, ",
        ),
        (["timeline", "r-1", "--topic", "no-such"], "no-such: is no topic of this Kafka"),
        (["validate", "--run", "no-such"], "no-such: no"),
        (
            ["replay", "--into", "topic:no-such"],
            "no-such: is no topic of this Kafka; make it first, or add --make-topic",
        ),
        (["replay", "--into", "topic:no-such", "--dry"], "no-such: is no topic of this Kafka; make it first"),
    ],
)
def test_what_is_not_there_is_one_line(here: PlacedStack, words: list[str], said: str) -> None:
    done = here.command("events", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {said}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["validate", "--since", "soon"], "--since soon: is no moment; write for instance 10m"),
        (["validate", "--since", "1m", "--until", "2m"], "--until: is not later than --since; exchange them"),
        (["validate", "--run", "x", "--since", "1m"], "--since: says nothing beside --run"),
        (["validate", "--topic", "a b"], "a b: is no name of a topic; use letters"),
        (["timeline", "r-1", "--topic", ".."], "..: is no name of a topic"),
        (["timeline", " "], "(empty id): names no request"),
        (["replay", "--into", "topic:allocation.events"], "topic:allocation.events: belongs to the platform"),
        (
            ["replay", "--into", "topic:allocation.dead-letters"],
            "topic:allocation.dead-letters: belongs to the platform",
        ),
        (["replay", "--into", "topic:a/b"], "topic:a/b: is no name of a topic"),
        (["replay", "--into", "topic:x", "--topic", "x"], "topic:x: is where they come from"),
        (["replay", "--into", ""], "--into: names nothing"),
        (["replay", "--into", "x", "--kind", "moved"], "--kind moved: is no kind of event; there are: requested, "),
        (["replay", "--into", "x", "--from", "no-such"], "no-such: is no file"),
        (["replay"], "Missing option '--into'"),
        (["nope"], "No such command 'nope'"),
    ],
)
def test_what_makes_no_sense_is_one_line_without_a_stack(nowhere: PlacedStack, words: list[str], said: str) -> None:
    done = nowhere.command("events", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {said}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [["validate"], ["timeline", "r-1"], ["replay", "--into", "x"]])
def test_without_a_stack_nothing_can_be_asked(nowhere: PlacedStack, words: list[str]) -> None:
    done = nowhere.command("events", *words)
    said = f"error: stack of {nowhere.project.root}: is not running; run: chaos-aura up\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_a_stack_without_kafka(place: Callable[..., PlacedStack]) -> None:
    one = place()
    one.up("redis")
    done = one.command("events", "validate")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: kafka: is not running; run: chaos-aura up kafka\n"


def test_files_are_copied_without_a_stack(nowhere: PlacedStack) -> None:
    line = '{"partition":0,"offset":7,"timestamp":41,"key":"r-1","value":{"a":1}}\n'
    (nowhere.project.root / "one.jsonl").write_text(line, encoding="utf-8")
    done = nowhere.command("events", "replay", "--from", "one.jsonl", "--into", "two.jsonl")
    assert (done.returncode, done.stdout) == (0, "1 records read, 1 chosen, 1 written to two.jsonl\n")
    assert (nowhere.project.root / "two.jsonl").read_text(encoding="utf-8") == line
    with (nowhere.project.root / "one.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"partition":0}\n')
    done = nowhere.command("events", "replay", "--from", "one.jsonl", "--into", "three.jsonl")
    assert done.returncode == 1
    assert "one.jsonl, line 2: is no record (KeyError: 'offset'); name a file that" in done.stderr
    assert sorted(each.name for each in nowhere.project.root.iterdir()) == ["one.jsonl", "two.jsonl"]


def test_a_silent_kafka_leaves_it_unknown(stack: RunningStack, here: PlacedStack, tmp_path: Path) -> None:
    file = tmp_path / "none.jsonl"
    with paused(stack, "kafka"):
        done = here.command("events", "validate", "--time-limit", "2", "--json")
        copied = here.command("events", "replay", "--time-limit", "2", "--into", str(file))
    read = document(done)
    assert (done.returncode, read["validity"], read["violations"]) == (3, "unknown", [])
    assert read["reasons"][0].startswith("kafka at 127.0.0.1:")
    assert (read["range"], read["groups"]) == ({}, [])
    assert (copied.returncode, copied.stdout, len(copied.stderr.splitlines())) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []
    wait_until(lambda: is_well(stack), _WITHIN_S, "all is healthy again")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_one_leaves_neither_process_nor_file(
    stack: RunningStack, tmp_path: Path, number: int, code: int
) -> None:
    environ = {**os.environ, "CHAOS_AURA_PROJECT": str(stack.project.root)}
    words = chaos_aura("events", "replay", "--into", "copy.jsonl")
    with (
        paused(stack, "kafka"),
        subprocess.Popen(words, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as command,
    ):
        wait_until(lambda: len(processes_in(tmp_path)) == 2, _WITHIN_S, "it asks")
        command.send_signal(number)
        assert command.wait(_WITHIN_S) == code
        assert command.stderr
        assert command.stderr.read().splitlines()[-1] == "interrupted"
    assert (processes_in(tmp_path), list(tmp_path.iterdir())) == ({}, [])
    wait_until(lambda: is_well(stack), _WITHIN_S, "all is healthy again")


def test_the_commands_of_the_page_run(stack: RunningStack, here: PlacedStack, tag: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "consistency.md").read_text(encoding="utf-8")
    (block,) = [each for each in page.split("```sh\n")[1:] if each.startswith("chaos-aura events")]
    commands = [line.split("#")[0].split()[1:] for line in block.split("```")[0].splitlines()]
    allocate(stack, tag, tag)
    written(here, tag)
    environ = {**os.environ, "CHAOS_AURA_PROJECT": str(stack.project.root)}
    own = {"r1": tag, "topic:again": f"topic:{tag}"}
    codes = {}
    for words in commands:
        mine = [chaos_aura()[0], *(own.get(word, word) for word in words)]
        done = subprocess.run(mine, cwd=tmp_path, env=environ, capture_output=True, timeout=_WITHIN_S, check=False)
        codes[" ".join(words[1:3])] = done.returncode
    assert codes.pop("validate --since") in (0, 1)  # others may have planted something
    assert set(codes.values()) == {0}
    assert (tmp_path / "r1.jsonl").read_text(encoding="utf-8").count(tag) >= 3
    admin = kafka.KafkaAdminClient(bootstrap_servers=stack.catalogue.service("kafka").uri)
    admin.delete_topics([tag])
    admin.close()


def test_help_does_without_kafkas_client() -> None:
    script = "import sys; sys.argv[1:] = ['events', 'validate', '--help']; from chaos_aura.cli import main\n"
    script += "try: main.main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Judge whether every allocation's events are there" in " ".join(done.stdout.split())
    assert {"kafka", "rich.table"} & set(done.stderr.split()) == set()


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("", None),
        ("10m", _NOW_MS - 600_000),
        ("1.5s", _NOW_MS - 1_500),
        ("250ms", _NOW_MS - 250),
        ("2h", _NOW_MS - 7_200_000),
        ("100000d", 0),
        ("2026-11-29T09:30:00Z", 1_795_944_600_000),
        ("2026-11-29T10:30:00+01:00", 1_795_944_600_000),
    ],
)
def test_a_moment_is_ago_or_of_the_clock(text: str, ms: int | None) -> None:
    assert moment_ms(text, "--since", _NOW_MS) == ms


@pytest.mark.parametrize("text", ["10", "m", "-1m", "10m later", "2026-13-01", "nan"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(BadInput, match="is no moment"):
        moment_ms(text, "--until", _NOW_MS)
