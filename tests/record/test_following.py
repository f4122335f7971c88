from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.operation import ALLOCATE, Outcome
from chaos_aura.record.following import Following
from chaos_aura.record.history import History, read_history
from chaos_aura.record.lines import Lines


def test_each_operation_comes_once_when_it_has_ended(tmp_path: Path) -> None:
    following = Following(tmp_path)
    assert following.read_on() == []
    one, other = (History(tmp_path / f"history-{name}.jsonl", name) for name in ("a", "b"))
    first = one.invoke(ALLOCATE, "t", 1, {"request_id": "r1"})
    second = other.invoke(ALLOCATE, "t", 2, {"request_id": "r2"})
    assert following.read_on() == []
    one.end(first, Outcome.OK, {"gpu_ids": ["t4-0"]})
    (ended,) = following.read_on()
    assert (ended.id, ended.request_id, ended.gpu_ids, ended.outcome) == (first, "r1", ("t4-0",), Outcome.OK)
    other.end(second, Outcome.INFO)
    assert [each.id for each in following.read_on()] == [second]
    assert following.read_on() == []
    assert following.unread == 0


def test_a_line_that_is_torn_costs_itself_only(tmp_path: Path) -> None:
    history = History(tmp_path / "history-a.jsonl", "a")
    op = history.invoke(ALLOCATE, "t", 1)
    with history.path.open("ab") as file:
        file.write(b'\n{"op": "a-9", "is": "ok"')
    history.end(op, Outcome.OK)
    following = Following(tmp_path)
    assert [each.id for each in following.read_on()] == [op]
    assert following.unread == 1


@given(st.lists(st.integers(1, 60), max_size=30))
def test_however_it_is_cut_it_is_read_as_a_whole(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("cut")
    history = History(folder / "whole.jsonl", "a")
    for nth in range(5):
        op = history.invoke(ALLOCATE, "t", nth)
        if nth != 3:
            history.end(op, Outcome.OK)
    content = history.path.read_bytes()
    following = Following(folder)
    ended, at = [], 0
    with (folder / "history-a.jsonl").open("ab", buffering=0) as file:
        for cut in [*cuts, len(content)]:
            file.write(content[at : at + cut])
            at += cut
            ended += following.read_on()
    assert ended == [each for each in read_history([history.path]).operations if each.outcome is not None]
    assert following.unread == 0


def test_a_last_line_without_an_end_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = Lines(path)
    assert lines.read_on() == []
    path.write_bytes(b"one\n\ntw")
    assert lines.read_on() == [b"one"]
    path.write_bytes(b"one\n\ntwo\nthree\n")
    assert lines.read_on() == [b"two", b"three"]
