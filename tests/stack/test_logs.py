"""The end of a log, and what is added to it."""

import os
from itertools import islice
from pathlib import Path
from threading import Thread, Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.stack.logs import follow, services, size, tail


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


def test_what_was_written_just_before_a_rotation_is_not_lost(log: Path) -> None:
    log.write_text("one\n", encoding="utf-8")
    lines = follow(log, 0)
    assert next(lines) == "one"
    with log.open("a", encoding="utf-8") as more:
        more.write("two\nlast words")
    log.replace(log.with_suffix(".1"))
    log.write_text("three\n", encoding="utf-8")
    assert list(islice(lines, 3)) == ["two", "last words", "three"]


def test_follow_starts_again_when_the_log_was_cut(log: Path) -> None:
    log.write_text("one of many\n", encoding="utf-8")
    lines = follow(log, 0)
    assert next(lines) == "one of many"
    os.truncate(log, 0)
    with log.open("a", encoding="utf-8") as more:
        more.write("two\n")
    assert next(lines) == "two"


def test_follow_waits_for_a_log_that_is_not_there(log: Path) -> None:
    def begin() -> None:
        log.write_text("begun\n", encoding="utf-8")

    beginning = Timer(0.2, begin)
    beginning.start()
    assert next(follow(log, 0)) == "begun"
    beginning.join()


@pytest.mark.parametrize("letter", ["ü", "€", "𝄞"])
@pytest.mark.parametrize("before", [64 * 1024 - 3, 64 * 1024 - 2, 64 * 1024 - 1])
def test_a_letter_across_two_blocks_stays_whole(log: Path, letter: str, before: int) -> None:
    line = "x" * before + letter + "end"
    log.write_text(line + "\n", encoding="utf-8")
    assert next(follow(log, 0)) == line


def test_the_services_that_have_a_log(tmp_path: Path) -> None:
    for name in ("redis.log", "redis.log.1", "kafka.log"):
        (tmp_path / name).touch()
    assert services(tmp_path) == ["kafka", "redis"]
    assert services(tmp_path / "none") == []


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
