"""The process that reads events: what it writes and reads again, and how far it says it came when it is stopped."""

import json
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest
from clients import FORGOTTEN_SOCKETS, kafka
from hypothesis import given
from hypothesis import strategies as st
from own_topics import told

from chaos_aura.core.errors import BadInput, MachineLacks
from chaos_aura.judge.consistency.events import Record
from chaos_aura.stack.running import RunningStack
from probes.event_log.file_writing import writing_file
from probes.event_log.lines import line_of, read_lines
from probes.event_log.question import Question, read_question
from probes.event_log.reading import Stopped
from probes.event_log.replaying import replay
from probes.event_log.story import Story

_WITHIN_S = 60
_RECORD = Record(2, 7, 41, b"r-1", b'{"a":1}')

pytestmark = pytest.mark.filterwarnings(FORGOTTEN_SOCKETS)

_values = st.binary() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
).map(lambda told: json.dumps(told).encode())


@given(key=st.none() | st.binary() | st.text().map(str.encode), value=st.none() | _values)
def test_each_byte_comes_back(key: bytes | None, value: bytes | None, tmp_path_factory: pytest.TempPathFactory) -> None:
    record = Record(3, 2**40, 1_795_266_600_000, key, value)
    file = tmp_path_factory.getbasetemp() / "lines.jsonl"
    file.write_bytes(line_of(record) + line_of(_RECORD))
    assert list(read_lines(file)) == [record, _RECORD]


def test_what_the_platform_writes_is_legible() -> None:
    assert line_of(_RECORD) == b'{"partition":2,"offset":7,"timestamp":41,"key":"r-1","value":{"a":1}}\n'


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        '{"partition":0,"offset":0,"timestamp":0,"key":7,"value":null}',
        '{"partition":0,"offset":0,"timestamp":0,"key":null,"value":[1]}',
        '{"partition":0,"offset":0,"timestamp":0,"key":null,"value_base64":"?"}',
        '{"partition":0,"offset":"0","timestamp":0,"key":null,"value":null}',
        '{"partition":0,"offset":0,"timestamp":0,"key":null}',
    ],
)
def test_what_is_no_record_is_told_by_its_line(line: str, tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_bytes(line_of(_RECORD) + line.encode() + b"\n")
    records = read_lines(file)
    assert next(records) == _RECORD
    with pytest.raises(BadInput, match=r"lines.jsonl, line 2: is no record"):
        next(records)


def test_a_file_is_there_only_when_all_of_it_is(tmp_path: Path) -> None:
    path = tmp_path / "copy.jsonl"
    stopping = writing_file(path, may_overwrite=False)
    stopping.__enter__().write(_RECORD)
    assert not path.exists()
    assert stopping.__exit__(Stopped, Stopped(), None) is False
    assert list(tmp_path.iterdir()) == []
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="exists already"), writing_file(path, may_overwrite=False):
        pass
    assert path.read_text(encoding="utf-8") == "mine"
    with writing_file(path, may_overwrite=True) as writing:
        writing.write(_RECORD)
    assert list(read_lines(path)) == [_RECORD]
    with pytest.raises(MachineLacks, match="No such file"), writing_file(tmp_path / "no" / "x", may_overwrite=False):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"ask": "nothing"}',
        '{"ask": 1}',
        '{"ask": "replay", "odd": 1}',
        '{"ask": "replay", "kinds": [1]}',
        '{"ask": "validate", "since_ms": -1}',
        '{"ask": "validate", "since_ms": 1.5}',
        '{"ask": "validate", "is_dry": 1}',
    ],
)
def test_a_question_that_makes_no_sense(text: str) -> None:
    with pytest.raises(BadInput, match=r"^question: "):
        read_question(text)


def test_a_story_is_in_order_and_measured() -> None:
    story = Story("r-1")
    others = Record(0, 9, 0, *told("r-10", 0)[0])
    for record in (others, *(Record(0, at, at, *told("r-1", at)[0]) for at in range(3)), Record(0, 4, 4, b"r-1", b"{")):
        story.see(record)
    rows = story.rows()
    assert [(row["offset"], row["since_before_ms"], row["kind"]) for row in rows] == [
        (0, None, "allocation.requested"),
        (1, 1, "allocation.decided"),
        (2, 1, "allocation.granted"),
        (4, None, "unreadable"),
    ]


def test_of_two_partitions_the_order_is_that_of_writing_and_no_time_is_too_odd() -> None:
    story = Story("r-1")
    for partition, written_ms, at_ms in ((0, 7, 2**64 - 1), (1, 5, -(2**63))):
        ((key, value),) = told("r-1", partition)
        story.see(Record(partition, 0, written_ms, key, orjson.dumps(orjson.loads(value or b"") | {"at_ms": at_ms})))
    rows = story.rows()
    assert [row["partition"] for row in rows] == [1, 0]
    assert orjson.loads(orjson.dumps(rows))[1]["since_before_ms"] == 2**62


def test_what_comes_without_end_is_not_kept_without_end() -> None:
    story = Story("r-1")
    for offset in range(1_005):
        story.see(Record(0, offset, 0, *told("r-1", 0)[0]))
    assert (len(story.rows()), story.left_out) == (1_000, 5)
    assert [row["duplicate"] for row in story.rows()[:2]] == [False, True]


def test_the_process_tells_a_bad_question_and_an_early_end(tmp_path: Path) -> None:
    for said in ("{}", ""):
        command = [sys.executable, "-P", "-m", "probes.event_log"]
        done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=_WITHIN_S, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["error"]["is_bad_input"] is True


@pytest.fixture
def source(stack: RunningStack) -> str:
    """A topic of five hundred records, and its address."""
    name = f"stopped-{uuid.uuid4().hex[:12]}"
    producer = kafka.KafkaProducer(bootstrap_servers=address_of(stack), acks="all", metrics_enabled=False)
    for number in range(500):
        producer.send(name, b"{}", f"r-{number}".encode())
    producer.flush(timeout=_WITHIN_S)
    producer.close(timeout=_WITHIN_S)
    return name


def address_of(stack: RunningStack) -> str:
    return stack.catalogue.service("kafka").uri


def stopped(question: Question) -> dict[str, Any]:
    """As soon as the first records have come."""
    stop = threading.Event()
    stop.set()
    return replay(question, stop, lambda read, of: None)


def test_one_that_is_stopped_says_how_far_it_came(stack: RunningStack, source: str, tmp_path: Path) -> None:
    usual: dict[str, Any] = {"ask": "replay", "kafka": address_of(stack), "topic": source}
    answer = stopped(Question(file=str(tmp_path / "copy.jsonl"), **usual))
    assert (answer["failed"], answer["written"]) == ("stopped", 0)
    assert 0 < answer["chosen"] == answer["read"]
    assert list(tmp_path.iterdir()) == []
    into = f"{source}-copy"
    answer = stopped(Question(into=into, may_make=True, **usual))
    assert answer["failed"] == "stopped"
    assert answer["written"] <= answer["chosen"]
    usual |= {"topic": into, "file": str(tmp_path / "none")}
    copied = replay(Question(is_dry=True, **usual), threading.Event(), print)
    assert answer["written"] <= copied["read"] <= answer["chosen"]
    admin = kafka.KafkaAdminClient(bootstrap_servers=address_of(stack))
    admin.delete_topics([source, into])
    admin.close()
