"""Lines that other code writes to the terminal, led above the live region and put back afterwards."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, override


class LinesAbove(io.TextIOBase):
    """Stands for a stream of a terminal. What it is given is shown as soon as its line is whole."""

    def __init__(self, original: TextIO, show: Callable[[str], None]) -> None:
        self._original = original
        self._show = show
        self._unfinished = ""

    @property
    @override
    def encoding(self) -> str:  # type: ignore[override]
        return self._original.encoding

    @override
    def write(self, text: str, /) -> int:
        whole, newline, self._unfinished = (self._unfinished + text).rpartition("\n")
        if newline:
            self._show(whole + newline)
        return len(text)

    @override
    def isatty(self) -> bool:
        return self._original.isatty()

    @override
    def fileno(self) -> int:
        return self._original.fileno()

    def finish(self) -> None:
        if self._unfinished:
            self.write("\n")


@contextmanager
def led_above(show: Callable[[str], None], loggers: tuple[str, ...]) -> Iterator[None]:
    """Of these loggers' handlers those that write to a terminal, and Python's own standard streams.

    A handler keeps the stream that it was made with, so changing `sys.stderr` would not reach it.
    """
    with ExitStack() as entered:
        for name in loggers:
            for handler in logging.getLogger(name).handlers:
                if isinstance(handler, logging.StreamHandler) and _is_terminal(handler.stream):
                    entered.enter_context(_handler_led(handler, show))
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if _is_terminal(stream):
                led = LinesAbove(stream, show)
                entered.callback(led.finish)
                entered.enter_context(redirect(led))
        yield


@contextmanager
def _handler_led(handler: "logging.StreamHandler[Any]", show: Callable[[str], None]) -> Iterator[None]:
    original = handler.stream
    led = LinesAbove(original, show)
    handler.setStream(led)
    try:
        yield
    finally:
        if handler.stream is led:  # else somebody else has changed it since, and means it
            handler.setStream(original)
        led.finish()


def _is_terminal(stream: object) -> bool:
    try:
        return isinstance(stream, io.TextIOBase) and stream.isatty()
    except ValueError:  # it is closed
        return False
