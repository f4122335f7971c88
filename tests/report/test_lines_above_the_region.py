"""Handlers that write to a terminal are led away and put back, and no others."""

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos_aura.report.log_lines import LinesAbove, led_above

_NAME = "led-by-a-test"


class OfTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger(_NAME)
    logger.propagate = False
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def test_a_handler_is_led_away_and_put_back(log: logging.Logger) -> None:
    original, shown = OfTerminal(), list[str]()
    log.addHandler(handler := logging.StreamHandler(original))
    with led_above(shown.append, (_NAME,)):
        log.warning("while it lasts")
        handler.terminator = ""
        log.warning("not ended")
    assert handler.stream is original
    log.warning("afterwards")
    assert (shown, original.getvalue()) == (["while it lasts\n", "not ended\n"], "afterwards")


def test_it_is_put_back_when_something_breaks(log: logging.Logger) -> None:
    original = OfTerminal()
    log.addHandler(handler := logging.StreamHandler(original))
    with pytest.raises(KeyboardInterrupt), led_above(lambda _: None, (_NAME,)):
        raise KeyboardInterrupt
    assert handler.stream is original


def test_files_and_pipes_are_left_alone(log: logging.Logger, tmp_path: Path) -> None:
    pipe, file = io.StringIO(), tmp_path / "log"
    closed = io.StringIO()
    closed.close()
    unused = logging.StreamHandler(closed)
    unused.setLevel(logging.CRITICAL)
    for handler in (logging.StreamHandler(pipe), logging.FileHandler(file), unused):
        log.addHandler(handler)
    with led_above(lambda _: pytest.fail("this is no terminal"), (_NAME,)):
        log.warning("kept")
    assert (pipe.getvalue(), file.read_text()) == ("kept\n", "kept\n")


def test_one_that_was_given_another_stream_meanwhile_keeps_it(log: logging.Logger) -> None:
    log.addHandler(handler := logging.StreamHandler(OfTerminal()))
    with led_above(lambda _: None, (_NAME,)):
        handler.setStream(another := io.StringIO())
    assert handler.stream is another


def test_standard_streams_of_a_terminal_are_led_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", original := OfTerminal())
    shown = list[str]()
    with led_above(shown.append, ()):
        sys.stderr.write("no newline")
        assert shown == []
    assert shown == ["no newline\n"]
    assert sys.stderr is original


def test_what_is_written_is_shown_line_by_line() -> None:
    shown = list[str]()
    led = LinesAbove(OfTerminal(), shown.append)
    assert [led.write(part) for part in ("one", " line\ntwo", "\nthree\nfo", "ur")] == [3, 9, 9, 2]
    assert shown == ["one line\n", "two\nthree\n"]
    led.finish()
    led.finish()
    assert shown == ["one line\n", "two\nthree\n", "four\n"]
