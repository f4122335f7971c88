"""What became of what tenants asked for: a row for each operation, or a few lines where there is no room for it."""

from collections.abc import Callable, Iterable

from chaos_aura.report.grid import grid, has_room
from chaos_aura.report.line import Line
from chaos_aura.report.part import Part
from chaos_aura.report.quantity import count, latency

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
_GAP = 2
_ABSENT = Line.of(("-", "dim"))
_LINES = (_COLUMNS[:3], _COLUMNS[3:6], _COLUMNS[6:])


def operations_table(all_of_them: Part, width: int, first_column: int) -> list[Line]:
    """None at all where they do not fit, or nothing is known."""
    if not (rows := _rows(all_of_them)):
        return []
    table = _table(rows, first_column)
    return table if has_room(table, width) else []


def operation_lines(all_of_them: Part) -> Iterable[Line]:
    for name, told in _rows(all_of_them):
        yield Line.of((name, "bold"))
        for columns in _LINES:
            cells = [(column[0], cell) for column in columns if (cell := _cell(told, column))]
            if cells:
                yield Line.of("  ", Line.of(", ").between(_titled(title, cell) for title, cell in cells))


def _rows(all_of_them: Part) -> list[tuple[str, Part]]:
    return [(name, told) for name, told in all_of_them.members or () if _has_any(told)]


def _has_any(told: Part) -> bool:
    return any(told[key].number is not None for _, key, _, _ in _COLUMNS)


def _table(rows: list[tuple[str, Part]], first_column: int) -> list[Line]:
    titles = [Line.of((title, "dim")) for title in ("operations", *(column[0] for column in _COLUMNS))]
    cells = [[Line.of(name), *(_cell(told, column) or _ABSENT for column in _COLUMNS)] for name, told in rows]
    return grid([titles, *cells], (False, *[True] * len(_COLUMNS)), _GAP, first_column - _GAP)


def _titled(title: str, cell: Line) -> Line:
    return Line.of(title, " ", cell) if title.startswith("p") else Line.of(cell, " ", title)


def _cell(told: Part, column: _Column) -> Line | None:
    _, key, written, style = column
    number = told[key].number
    return None if number is None else Line.of((written(number), style if number > 0 else ""))
