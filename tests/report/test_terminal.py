"""The terminal of a run: a region that is redrawn, logs that stay whole above it, plain lines where nobody looks on."""

import codecs
import fcntl
import io
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from awaiting import wait_until
from screen import Screen
from standings import hurt, usual

from chaos_aura.report.panel import panel
from chaos_aura.report.terminal import Terminal
from chaos_aura.run.standing import Phase

_WITHIN_S = 30
_CHILD = Path(__file__).with_name("terminal_child.py")
_STAMPED = re.compile(r"\[[\d: -]+ (?:INFO|WARNING)\] (.*)")


class Watched:
    """The child and the screen that it writes to."""

    def __init__(self, child: "subprocess.Popen[str]", master: int, columns: int) -> None:
        self.child = child
        self.screen = Screen(columns)
        self._master = master
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def tell(self, *lines: str) -> None:
        assert self.child.stdin
        self.child.stdin.write("".join(f"{line}\n" for line in lines))
        self.child.stdin.flush()

    def until(self, is_so: Callable[[list[str]], bool], what: str) -> None:
        def has_come() -> bool:
            self._read()
            return is_so(self.screen.lines)

        wait_until(has_come, _WITHIN_S, what)

    def end(self) -> int:
        assert self.child.stdin
        self.child.stdin.close()
        code = self.child.wait(_WITHIN_S)
        self._read()
        return code

    def resize(self, columns: int) -> None:
        self.screen.resize(columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))

    def logged(self) -> list[str]:
        return [found.group(1) for line in self.screen.lines if (found := _STAMPED.fullmatch(line))]

    def _read(self) -> None:
        with suppress(BlockingIOError, OSError):  # nothing more just now; the other end is closed
            while read := os.read(self._master, 65536):
                self.screen.feed(self._decoder.decode(read))


@contextmanager
def watched(columns: int = 100, rows: int = 30, **environ: str) -> Iterator[Watched]:
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.set_blocking(master, False)
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    child = subprocess.Popen(
        [sys.executable, str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=slave,
        text=True,
        env={**kept, "TERM": "xterm-256color", "PYTHONUTF8": "1", "PYTHONPATH": str(_CHILD.parents[1]), **environ},
    )
    os.close(slave)
    try:
        yield Watched(child, master, columns)
    finally:
        child.kill()
        with child:
            pass
        os.close(master)


def region(lines: list[str]) -> list[str]:
    """From its rule on."""
    rules = [place for place, line in enumerate(lines) if re.fullmatch("─+", line)]
    assert len(rules) <= 1, lines
    return lines[rules[0] :] if rules else []


def test_a_log_line_stays_whole_above_the_region_which_is_gone_at_the_end() -> None:
    long = "of a long line that goes on and on " * 6
    with watched() as run:
        run.tell("say stack: starting redis, kafka", "show usual", f"log {long}.", "show hurt", "write by hand")
        run.until(lambda lines: "by hand" in lines and lines[-1].endswith("projection"), "all is written")
        shown = region(run.screen.lines)
        assert "FAULT" in shown[1]
        assert shown[3:] == [
            "fault     stop neo4j: in force for 8.2 s",
            "load      98.2 % ok, p95 812 ms, 4.5/s, 3 under way",
            "breakers  redis closed  kafka closed  neo4j open",
            "health    ✓ redis  ✓ kafka  ✗ neo4j  ✓ temporal  ✓ toxiproxy  ✓ api  ✓ worker  ✓ projection",
        ]
        assert not run.screen.is_cursor_visible
        assert run.end() == 0
        assert run.logged() == [f"{long}.", "after"]
        assert [line for line in run.screen.lines if not _STAMPED.fullmatch(line)] == [
            "stack: starting redis, kafka", "by hand", ""
        ]  # fmt: skip
        assert run.screen.is_cursor_visible


def test_lines_of_several_threads_stay_whole_while_it_is_redrawn() -> None:
    with watched(70) as run:
        run.tell("threads seen", "say that was it")
        run.until(lambda lines: "that was it" in lines and len(region(lines)) == 3, "all is written")
        expected = {f"seen {number}-{count} ".ljust(100, ".") for number in range(3) for count in range(50)}
        assert sorted(run.logged()) == sorted(expected)
        assert run.end() == 0
        assert region(run.screen.lines) == []


def test_the_region_gives_way_to_the_summary() -> None:
    with watched(80) as run:
        run.tell("show hurt", "conclude passed", "show hurt", "log later")
        run.until(lambda _: run.logged() == ["later"], "all is written")
        assert run.screen.is_cursor_visible
        assert "42m" in "".join(run.screen.styles)
        assert run.screen.lines[1].startswith("  PASS  passed: Tenants keep getting GPUs")
        assert not any("FAULT" in line for line in run.screen.lines)


@pytest.mark.parametrize("number", [signal.SIGINT, None])
def test_the_screen_is_put_right_whatever_ends_it(number: signal.Signals | None) -> None:
    with watched() as run:
        run.tell("show hurt")
        run.until(lambda lines: bool(region(lines)), "the region is there")
        if number:
            run.child.send_signal(number)
        else:
            run.tell("raise something broke")
        run.until(lambda lines: any("Traceback" in line for line in lines), "it was ended")
        assert run.end() != 0
        assert region(run.screen.lines) == []
        assert run.screen.lines[0] == "Traceback (most recent call last):"
        assert run.screen.is_cursor_visible


def test_a_terminal_that_becomes_narrow_and_wide_again_keeps_one_region() -> None:
    with watched(120) as run:
        run.tell("log first", "show hurt")
        run.until(lambda lines: lines[-1].startswith("health"), "the region is there")
        for columns in (40, 24, 90):
            before = len(run.logged())
            run.resize(columns)
            run.tell("show hurt", f"log at {columns}")
            run.until(
                lambda lines, before=before: len(run.logged()) > before and lines[-1].startswith("health"),
                "it is drawn",
            )
            assert all(len(line) < columns for line in region(run.screen.lines))
        assert run.logged() == ["first", "at 40", "at 24", "at 90"]
        assert run.end() == 0
        assert region(run.screen.lines) == []


def test_a_terminal_of_few_rows_gets_as_many_lines_as_it_can_erase_again() -> None:
    with watched(rows=4) as run:
        run.tell("show hurt", "log one", "show hurt", "log two")
        run.until(lambda lines: run.logged() == ["one", "two"] and "15 s" in lines[-1], "all is written")
        assert len(region(run.screen.lines)) == 3
        assert run.end() == 0
        assert run.logged() == ["one", "two", "after"]


def test_without_colour_nothing_of_ours_is_coloured() -> None:
    with watched(NO_COLOR="1") as run:
        run.tell("say quiet", "show hurt")
        run.until(lambda lines: bool(region(lines)), "the region is there")
        assert run.screen.styles == set()


def test_with_colour_it_is() -> None:
    with watched() as run:
        run.tell("show hurt")
        run.until(lambda _: "1;31m" in run.screen.styles, "what is wrong is red")


def test_a_terminal_that_can_move_no_cursor_gets_plain_lines() -> None:
    with watched(TERM="dumb") as run:
        run.tell("show usual", "show hurt", "say over")
        run.until(lambda lines: "over" in lines, "all is written")
        assert run.screen.styles == set()
        assert region(run.screen.lines) == []
        assert run.screen.lines[0] == "baseline: measuring how it usually is (at most 10 s)"


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_it_is_redrawn_at_most_four_times_a_second() -> None:
    stream, clock = io.StringIO(), Clock()
    terminal = Terminal(stream, True, 80, clock)
    for _ in range(1000):
        terminal.show(hurt())
        clock.now_s += 0.01
    drawn = stream.getvalue().count("FAULT")
    terminal.close()
    assert 39 <= drawn <= 41


def test_what_is_shown_after_its_end_is_not_drawn() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream, True, 80)
    terminal.close()
    terminal.close()
    terminal.show(hurt())
    assert stream.getvalue() == ""


def test_without_a_load_there_are_no_tenants() -> None:
    stream = io.StringIO()
    with Terminal(stream, False, 80) as terminal:
        terminal.show(hurt(load=None))
    assert stream.getvalue().splitlines()[0] == "fault: it is hurt (at most 15 s)"
    assert "tenants" not in "".join(line.plain for line in panel(hurt(load=None), 80))


def test_a_file_gets_lines_without_escape_codes() -> None:
    stream, clock = io.StringIO(), Clock()
    with Terminal(stream, False, 80, clock) as terminal, terminal.logs_above():
        terminal.say("stack: starting\nredis")
        terminal.show(usual(Phase.PREFLIGHT, at_most_s=None))
        for second in range(25):
            clock.now_s += 1
            terminal.show(hurt(float(second)))
    assert stream.getvalue().splitlines() == [
        "stack: starting redis",
        "preflight: seeing that everything is there",
        "fault: it is hurt, and tenants go on asking (at most 15 s)",
        "fault stop neo4j: in force",
        "breaker neo4j: closed -> open",
        "fault for 10 s, stop neo4j in force for 10 s, 98.2 % ok, p95 812 ms, 4.5/s, 3 under way, unhealthy: neo4j",
        "fault for 20 s, stop neo4j in force for 20 s, 98.2 % ok, p95 812 ms, 4.5/s, 3 under way, unhealthy: neo4j",
    ]


class Gone(io.StringIO):
    def write(self, _: str, /) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_that_has_gone_costs_nothing(is_terminal: bool) -> None:
    with Terminal(Gone(), is_terminal, 80) as terminal:
        terminal.say("nobody hears it")
        terminal.show(hurt())


class Ascii(io.StringIO):
    encoding = "ascii"


def test_a_stream_that_knows_ascii_only_gets_what_it_can_write() -> None:
    stream = Ascii()
    with Terminal(stream, True, 120) as terminal:
        terminal.say("Zoë is here")
        terminal.show(hurt())
    assert "x neo4j" in stream.getvalue()
    assert stream.getvalue().isascii()
