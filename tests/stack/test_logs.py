"""The end of a log, and what is added to it."""

from itertools import islice
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.stack.logs import follow, size, tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "a.log"


def test_a_log_that_is_not_there_has_no_lines(log: Path) -> None:
    assert tail(log, 10) == ()
    assert size(log) == 0


@given(lines=st.lists(st.text("abcü ", max_size=40), max_size=60), wanted=st.integers(0, 70))
def test_the_tail_is_the_last_lines(tmp_path_factory: pytest.TempPathFactory, lines: list[str], wanted: int) -> None:
    log = tmp_path_factory.mktemp("log") / "a.log"
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert list(tail(log, wanted)) == (lines[-wanted:] if wanted else [])


def test_the_tail_of_a_log_larger_than_a_block(log: Path) -> None:
    lines = [f"line {number} of many" for number in range(20_000)]
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert list(tail(log, 9_000)) == lines[-9_000:]


def test_bytes_that_are_no_text_are_shown_somehow(log: Path) -> None:
    log.write_bytes(b"good\n\xff\xfe bad\n")
    assert tail(log, 5)[0] == "good"
    assert "bad" in tail(log, 5)[1]


def test_what_came_between_tail_and_follow_is_neither_lost_nor_doubled(log: Path) -> None:
    log.write_text("one\ntwo\n", encoding="utf-8")
    seen = size(log)
    with log.open("a", encoding="utf-8") as more:
        more.write("three\n")
    assert tail(log, 10, seen) == ("one", "two")
    assert next(follow(log, seen)) == "three"


def test_follow_goes_on_with_the_new_file_after_a_rotation(log: Path) -> None:
    log.write_text("old\n", encoding="utf-8")
    lines = follow(log, 0)
    assert next(lines) == "old"

    def rotate() -> None:
        log.replace(log.with_suffix(".1"))
        log.write_text("new\nnewer\n", encoding="utf-8")

    rotation = Thread(target=rotate)
    rotation.start()
    assert list(islice(lines, 2)) == ["new", "newer"]
    rotation.join()


def test_a_line_is_followed_only_when_it_is_whole(log: Path) -> None:
    log.write_text("half", encoding="utf-8")
    lines = follow(log, 0)

    def complete() -> None:
        with log.open("a", encoding="utf-8") as more:
            more.write(" and half\n")

    completion = Thread(target=complete)
    completion.start()
    assert next(lines) == "half and half"
    completion.join()
