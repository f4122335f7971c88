"""A request for a person: its steps as a tree in time order, and what each store holds of it in a line."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos_aura.cli.trace_steps import TracedStep
from chaos_aura.cli.trace_stores import STORES
from chaos_aura.cli.trace_words import words_of

_PIPE_WIDTH = 200
_MS_US = 1000
_S_US = 1_000_000
_MINUTE_S = 60
_HOUR_S = 3600
_ALIKE = 3  # so many in a row are shown; of more the first, how many, and the last
_STYLES = {"found": "green", "nothing": "dim", "away": "yellow"}

type _Row = tuple[str, TracedStep | int]  # its place in the tree; the step, or how many alike are left out


def print_trace(
    request_id: str, steps: Sequence[TracedStep], stores: Mapping[str, Any], console: Console | None = None
) -> None:
    """On stdout, unless there is another console."""
    console = console or Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(Text(_plain(request_id), style="bold"))
    console.print(_tree(steps) if steps else "no step of it is kept here")
    console.print()
    console.print(_stores(stores))


def _tree(steps: Sequence[TracedStep]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("start", "took"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("component", no_wrap=True)
    table.add_column("step", no_wrap=True)
    table.add_column("input and output", overflow="fold")
    for branch, step in _rows(steps):
        if isinstance(step, int):
            table.add_row("", "", "", Text(f"{branch}... {step} more alike", style="dim"), "")
        else:
            table.add_row(*_cells(branch, step, steps[0].start_ns))
    return table


def _cells(branch: str, step: TracedStep, began_ns: int) -> tuple[Text, ...]:
    style = "" if step.is_ok else "red"
    return (
        Text(_lasted((step.start_ns - began_ns) / 1000)),
        Text(_lasted(step.duration_us)),
        Text(_plain(step.component)),
        Text(branch).append(_plain(step.name), style=style),
        _told(step),
    )


def _told(step: TracedStep) -> Text:
    given, got = _short(step.input), _short(step.output)
    told = Text(f"{given} -> {got}" if given and got else f"-> {got}" if got else given)
    if not step.is_ok:
        told.append(f"{'  ' if told else ''}{step.status}: {_plain(step.error)}", style="red")
    return told


def _short(values: Mapping[str, Any] | None) -> str:
    return " ".join(f"{name}={_word(value)}" for name, value in (values or {}).items())


def _word(value: Any) -> str:
    return _plain(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _rows(steps: Sequence[TracedStep]) -> Iterator[_Row]:
    """Depth first, siblings by start. One whose parent is not kept stands at the top."""
    known = {step.span_id for step in steps}
    children: dict[str | None, list[TracedStep]] = defaultdict(list)
    for step in steps:
        children[step.parent if step.parent in known else None].append(step)
    for top in _folded(children[None]):
        yield "", top
        if not isinstance(top, int):
            yield from _below(top, children, "")


def _below(parent: TracedStep, children: Mapping[str | None, list[TracedStep]], indent: str) -> Iterator[_Row]:
    siblings = _folded(children.get(parent.span_id, []))
    for place, step in enumerate(siblings):
        is_last = place == len(siblings) - 1
        yield indent + ("└─ " if is_last else "├─ "), step
        if not isinstance(step, int):
            yield from _below(step, children, indent + ("   " if is_last else "│  "))


def _folded(siblings: Sequence[TracedStep]) -> list[TracedStep | int]:
    """A store that is away for long is tried again and again."""
    folded: list[TracedStep | int] = []
    at = 0
    while at < len(siblings):
        end = at
        while end < len(siblings) and _are_alike(siblings[at], siblings[end]):
            end += 1
        alike = siblings[at:end]
        folded += alike if len(alike) <= _ALIKE else [alike[0], len(alike) - 2, alike[-1]]
        at = end
    return folded


def _are_alike(one: TracedStep, other: TracedStep) -> bool:
    return (one.name, one.component, one.status) == (other.name, other.component, other.status)


def _stores(stores: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name in STORES:
        store = stores[name]
        word, detail = words_of(name, store)
        table.add_row(Text(name), Text(_plain(word), style=_STYLES[store["state"]]), Text(_plain(detail)))
    return table


def _lasted(us: float) -> str:
    if us < 10 * _S_US:
        return f"{us / _MS_US:.1f} ms"
    seconds = us / _S_US
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    return f"{seconds / _MINUTE_S:.0f} min" if seconds < _HOUR_S else f"{seconds / _HOUR_S:.1f} h"


def _plain(text: str) -> str:
    """What a request or an error carries must not steer a terminal."""
    return "".join(each if each.isprintable() else " " for each in text)
