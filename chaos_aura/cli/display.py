"""Shows long work on stderr: moving bars for a person at a terminal, plain lines for a file or a pipe."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from chaos_aura.stack.progress import Progress

_PLAIN_EVERY_S = 5.0
_MEGABYTE = 1e6


@contextmanager
def shown() -> Iterator[Progress]:
    """The display is taken off the screen whatever happens."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield PlainLines(console)
        return
    with Bars(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}", table_column=Column(min_width=10)),
        TextColumn("{task.fields[doing]}", style="dim"),
        _BytesBar(),
        _Bytes(),
        console=console,
    ) as bars:
        yield LiveBars(bars)


class LiveBars:
    """One line for each item, in the order in which they began."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def begin(self, item: str, doing: str, total_bytes: int | None = None) -> None:
        with self._lock:
            if item in self._tasks:
                self._bars.reset(self._tasks[item], total=total_bytes or 1, doing=doing)  # None would keep the former
            else:
                self._tasks[item] = self._bars.add_task(item, total=total_bytes, doing=doing)

    def advance(self, item: str, done_bytes: int) -> None:
        self._bars.update(self._tasks[item], completed=done_bytes)

    def end(self, item: str, done: str) -> None:
        task = self._tasks[item]
        self._bars.update(task, total=1, completed=1, doing=done)
        self._bars.stop_task(task)


class PlainLines:
    """A line when something begins and ends; of a long fetch one every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._totals: dict[str, int] = {}
        self._told_s: dict[str, float] = {}

    def begin(self, item: str, doing: str, total_bytes: int | None = None) -> None:
        if total_bytes:
            self._totals[item] = total_bytes
            self._told_s[item] = time.monotonic()
            doing = f"{doing} ({total_bytes / _MEGABYTE:.0f} MB)"
        self._say(item, doing)

    def advance(self, item: str, done_bytes: int) -> None:
        if item in self._totals and time.monotonic() - self._told_s[item] >= _PLAIN_EVERY_S:
            self._told_s[item] = time.monotonic()
            self._say(item, f"{done_bytes / _MEGABYTE:.0f} of {self._totals[item] / _MEGABYTE:.0f} MB")

    def end(self, item: str, done: str) -> None:
        self._say(item, done)

    def _say(self, item: str, words: str) -> None:
        self._console.print(f"{item}: {words}", markup=False, highlight=False, soft_wrap=True)


class _BytesBar(BarColumn):
    def render(self, task: Task) -> Text:  # type: ignore[override]
        return super().render(task) if _counts_bytes(task) else Text()  # type: ignore[return-value]


class _Bytes(ProgressColumn):
    def __init__(self) -> None:
        super().__init__()
        self._column = DownloadColumn()

    def render(self, task: Task) -> Text:
        return self._column.render(task) if _counts_bytes(task) else Text()


def _counts_bytes(task: Task) -> bool:
    return bool(task.total and task.total > 1 and not task.finished)
