"""Lines in columns, each as wide as its widest."""

from collections.abc import Sequence

from chaos_aura.report.line import Line


def grid(rows: Sequence[Sequence[Line]], is_right: Sequence[bool], gap: int, first: int = 0) -> list[Line]:
    """`first` is how wide the first column is at least. Rows may be shorter than others."""
    widths = [
        max([row[place].cells for row in rows if place < len(row)] + [first if place == 0 else 0])
        for place in range(max(map(len, rows)))
    ]
    between = Line.of(" " * gap)
    return [
        between.between(
            cell.filled(width, is_right=side) for cell, width, side in zip(row, widths, is_right, strict=False)
        )
        for row in rows
    ]


def has_room(lines: Sequence[Line], width: int) -> bool:
    """So that nothing has to be cut: a number without its end is another number."""
    return all(line.cells <= width for line in lines)
