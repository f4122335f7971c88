"""A run of any length, some allocations at a time: in files it is what it is in memory."""

import tempfile
import tracemalloc
from pathlib import Path

import orjson
import pytest
from granting import TAG, Held, allocated, operation, released, sound_stores

from chaos_aura.core.errors import BadInput
from chaos_aura.core.operation import ALLOCATE, Operation, Outcome
from chaos_aura.judge.exactly_once import ExactlyOnce, exactly_once, exactly_once_of
from chaos_aura.record.batches import batches
from chaos_aura.record.rows import KAFKA, NEO4J, OF_ALLOCATIONS, TEMPORAL, RowFile, file_of, lines_in

_ALL_IN_MEMORY = 1 << 40


def history_lines(each: Operation) -> bytes:
    asked = orjson.dumps(dict(each.asked))
    began = (
        b'{"op":%b,"is":"invoke","at":%d,"due":%d,"by":"t","what":"%b","value":%b}\n'
        % (orjson.dumps(each.id), each.invoked_ns, each.due_ns, each.what.encode(), asked)
    )  # fmt: skip
    if each.outcome is None or each.ended_ns is None:
        return began
    answered = orjson.dumps(dict(each.answered))
    return began + b'{"op":%b,"is":"%b","at":%d,"value":%b}\n' % (
        orjson.dumps(each.id), each.outcome.value.encode(), each.ended_ns, answered,
    )  # fmt: skip


def write(folder: Path, history: list[Operation], held: Held) -> None:
    """By two writers; the ends of one come after all its beginnings."""
    for nth in range(2):
        lines = [line for each in history[nth::2] for line in history_lines(each).splitlines(keepends=True)]
        lines.sort(key=lambda line: b'"is":"invoke"' not in line)
        (folder / f"history-{nth}.jsonl").write_bytes(b"".join(lines))
    neo4j, kafka, temporal = (RowFile(folder, store) for store in (NEO4J, KAFKA, TEMPORAL))
    for name, row in held.rows.neo4j.items():
        neo4j.add(name, row)
    for nth in range(4):  # the events of one allocation lie between those of others
        for name, events in held.rows.kafka.items():
            for event in events[nth : nth + 1]:
                kafka.add(name, event)
    for name, status in held.rows.temporal.items():
        temporal.add(name, status)
    for file in (neo4j, kafka, temporal):
        file.done()


def many(count: int) -> list[Operation]:
    """Every third is kept, every seventh refused, and of every eleventh nobody knows."""
    history = []
    for nth in range(count):
        name, gpu = f"{TAG}-{nth}", f"t4-{nth}"
        if nth % 7 == 0:
            history.append(operation(ALLOCATE, name, nth, nth + 1, Outcome.FAIL, why="no_capacity"))
        elif nth % 11 == 0:
            history.append(operation(ALLOCATE, name, nth, None, None))
        else:
            history.append(allocated(name, nth, nth + 1, gpu))
            if nth % 3:
                history.append(released(name, nth + 2, nth + 3))
    return history


def judged(folder: Path, held: Held, most_bytes: int) -> ExactlyOnce:
    with batches(folder, OF_ALLOCATIONS, most_bytes) as (some, sorter):
        return exactly_once_of(some, held.stores, TAG, sorter.buckets("holds"))


@pytest.mark.parametrize("most_bytes", [_ALL_IN_MEMORY, 20_000, 1_000])
def test_in_one_batch_or_in_many_it_is_judged_alike(tmp_path: Path, most_bytes: int) -> None:
    history = many(300)
    held = sound_stores(history)
    write(tmp_path, history, held)
    found = judged(tmp_path, held, most_bytes)
    assert found.to_dict() == exactly_once(history, held.rows, held.stores, TAG).to_dict()
    assert (found.operations, found.unread) == (len(history), 0)
    assert found.agreement.judgement.has_passed, found.agreement.judgement


@pytest.mark.parametrize("most_bytes", [_ALL_IN_MEMORY, 1_000])
def test_what_is_wrong_is_found_in_many_batches_too(tmp_path: Path, most_bytes: int) -> None:
    history = [*many(200), allocated(f"{TAG}-twice", 1, 2, "t4-5"), allocated(f"{TAG}-again", 3, 4, "t4-5")]
    held = sound_stores(history)
    del held.rows.neo4j[f"{TAG}-100"], held.rows.temporal[f"{TAG}-101"]
    held.rows.kafka[f"{TAG}-102"] = held.rows.kafka[f"{TAG}-102"][::-1]
    write(tmp_path, history, held)
    found = judged(tmp_path, held, most_bytes)
    told = {(each.kind.value, each.store, each.allocation) for each in found.agreement.findings}
    assert told >= {
        ("lost", "neo4j", f"{TAG}-100"), ("lost", "temporal", f"{TAG}-101"), ("reordered", "kafka", f"{TAG}-102"),
    }  # fmt: skip
    assert {frozenset({each.first.allocation, each.second.allocation}) for each in found.two_owners} >= {
        frozenset({f"{TAG}-twice", f"{TAG}-again"})
    }


@pytest.mark.parametrize("most_bytes", [_ALL_IN_MEMORY, 100])
def test_torn_lines_are_counted_once(tmp_path: Path, most_bytes: int) -> None:
    history = many(20)
    held = sound_stores(history)
    write(tmp_path, history, held)
    with (tmp_path / "history-0.jsonl").open("ab") as file:
        file.write(b'{"op": "x"\n[]\n{"op": "nobody", "is": "ok", "at": 1, "value": {}}\n')
    found = judged(tmp_path, held, most_bytes)
    assert (found.operations, found.unread) == (len(history), 3)


@pytest.mark.parametrize("most_bytes", [_ALL_IN_MEMORY, 10])
@pytest.mark.parametrize("line", [b"{", b"[]", b'{"id": "x"}', b'{"status": "running"}'])
def test_a_row_that_is_none_is_named(tmp_path: Path, line: bytes, most_bytes: int) -> None:
    (tmp_path / file_of(TEMPORAL)).write_bytes(b'{"id": "a", "status": "running"}\n' + line + b"\n")
    with (
        pytest.raises(BadInput, match=r"does not tell what the store holds .*; run the experiment again"),
        batches(tmp_path, [TEMPORAL], most_bytes) as (some, _),
    ):
        list(some)


def test_a_store_without_its_lines_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"stores-neo4j\.jsonl: cannot be read"):
        list(lines_in(tmp_path, NEO4J))


def test_memory_does_not_grow_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times as many, in batches of the same size: about the same memory, and no file left behind."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    peaks = []
    for count in (1_000, 4_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        history = many(count)
        held = sound_stores(history)
        write(folder, history, held)
        tracemalloc.start()
        found = judged(folder, held, 100_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.agreement.judgement.has_passed
        assert found.agreement.acknowledged == sum(each.outcome is Outcome.OK for each in history if each.gpu_ids)
    assert peaks[1] < 2 * peaks[0], peaks
    assert not list(scratch.iterdir())
