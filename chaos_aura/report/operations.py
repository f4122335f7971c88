"""What became of what tenants asked for: a row for each operation, or a few lines where there is no room for it."""

from collections.abc import Callable, Iterable

from rich.table import Table
from rich.text import Text

from chaos_aura.report.part import Part
from chaos_aura.report.quantity import count, latency
from chaos_aura.report.room import has_room

type _Column = tuple[str, str, Callable[[float], str], str]

# How it is called, where it stands, how it is written, and its style when it is more than none.
_COLUMNS: tuple[_Column, ...] = (
    ("ok", "ok", count, ""),
    ("failed", "fail", count, "bold red"),
    ("unknown", "info", count, "yellow"),
    ("good", "good", count, ""),
    ("slow", "slow", count, "yellow"),
    ("bad", "bad", count, "bold red"),
    ("p50", "p50_ms", latency, ""),
    ("p95", "p95_ms", latency, ""),
    ("p99", "p99_ms", latency, ""),
)
_LINES = (_COLUMNS[:3], _COLUMNS[3:6], _COLUMNS[6:])


def operations_table(all_of_them: Part, width: int, first_column: int) -> Table | None:
    """None where it does not fit, or nothing is known."""
    if not (rows := _rows(all_of_them)):
        return None
    table = _table(rows, first_column)
    return table if has_room(table, width) else None


def operation_lines(all_of_them: Part) -> Iterable[Text]:
    for name, told in _rows(all_of_them):
        yield Text(name, style="bold")
        for columns in _LINES:
            cells = [(column[0], cell) for column in columns if (cell := _cell(told, column))]
            if cells:
                yield Text.assemble("  ", Text(", ").join(_titled(title, cell) for title, cell in cells))


def _rows(all_of_them: Part) -> list[tuple[str, Part]]:
    return [(name, told) for name, told in all_of_them.members or () if _has_any(told)]


def _has_any(told: Part) -> bool:
    return any(told[key].number is not None for _, key, _, _ in _COLUMNS)


def _table(rows: list[tuple[str, Part]], first_column: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("operations", no_wrap=True, min_width=first_column - 2)
    for title, _, _, _ in _COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    for name, told in rows:
        table.add_row(name, *(_cell(told, column) or Text("-", style="dim") for column in _COLUMNS))
    return table


def _titled(title: str, cell: Text) -> Text:
    return Text.assemble(title, " ", cell) if title.startswith("p") else Text.assemble(cell, " ", title)


def _cell(told: Part, column: _Column) -> Text | None:
    _, key, written, style = column
    number = told[key].number
    return None if number is None else Text(written(number), style=style if number > 0 else "")
