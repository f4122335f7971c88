"""The times of a recovery, each with its error, and the one that counts against its budget.

degraded      0.31 s (0.25 to 0.31)
detected      0.92 s
recovered    17.43 s (17.37 to 17.43)
since healed  2.31 s (2.25 to 2.31)   ━─────────── 7.7 % of 30 s
"""

from collections.abc import Iterable

from chaos_aura.report.bar import bar
from chaos_aura.report.grid import grid, has_room
from chaos_aura.report.line import Line
from chaos_aura.report.part import Part
from chaos_aura.report.quantity import measured, percent

_WELL = "recovered"
_FROM_THE_FAULT, _SPIKE = "in force", "spike"
_NOT_KNOWN = ("unmeasured", "undecided")
_BAR = 12
_ABSENT = Part(None)
_IS_RIGHT = (False, True, False, False)
_COUNTED = "recovered_from_healed"
_WORDS = {
    "degraded": "degraded",
    "detected": "detected",
    "recovered": "recovered",
    _COUNTED: "since healed",
}


def times(recovery: Part, width: int) -> Iterable[Line]:
    """Nothing where nothing was to recover."""
    state, members = recovery["state"].text, dict(recovery.members or ())
    if state and state != _WELL:
        yield Line.of((state, "yellow" if state in _NOT_KNOWN else "bold red" if "not" in state else ""))
    if not members.keys() & _WORDS.keys():
        return
    counts_from = recovery["counts_from"].text
    counting = "recovered" if _FROM_THE_FAULT in counts_from else _COUNTED
    share, told = _budget(recovery[counting]["at_s"].number, recovery["budget_s"].number)
    for budget in (Line.of(share, " ", told), told) if told else (Line(),):
        if has_room(table := _table(members, counts_from, counting, budget), width):
            yield from table
            return
    yield from _table(members, counts_from)
    if told:
        yield Line.of(f"{_word(counting, counts_from)}: ", told)


def _word(name: str, counts_from: str) -> str:
    return "since spike" if name == _COUNTED and _SPIKE in counts_from else _WORDS[name]


def _table(members: dict[str, Part], counts_from: str, counting: str = "", budget: Line | None = None) -> list[Line]:
    rows = []
    for name in _WORDS:
        moment = members.get(name, _ABSENT)
        if name == _COUNTED and (not moment.is_there or _FROM_THE_FAULT in counts_from):
            continue
        told, error = _moment(moment, is_known=name in members)
        of_budget = [budget] if name == counting and budget else []
        rows.append([Line.of(_word(name, counts_from)), told, error, *of_budget])
    return grid(rows, _IS_RIGHT, gap=1)


def _moment(moment: Part, *, is_known: bool) -> tuple[Line, Line]:
    """Its time and, where it is known, its error."""
    at_s, low_s, high_s = (moment[name].number for name in ("at_s", "low_s", "high_s"))
    if at_s is None:
        if low_s is not None:
            return Line.of(f"> {measured(low_s)}"), Line.of(("end not seen", "dim"))
        return Line.of(("none seen" if is_known and not moment.is_there else "not measured", "dim")), Line()
    return Line.of((measured(at_s), "bold")), Line.of((_error(low_s, high_s), "dim"))


def _error(low_s: float | None, high_s: float | None) -> str:
    if low_s is None or low_s == high_s:
        return ""
    return f"({low_s:.2f} to {high_s:.2f})" if high_s is not None else f"({low_s:.2f} or later)"


def _budget(at_s: float | None, budget_s: float | None) -> tuple[Line, Line]:
    """As a bar and in words; both empty when one of the two is not known."""
    if at_s is None or budget_s is None or budget_s <= 0:
        return Line(), Line()
    share = at_s / budget_s
    style = "green" if share <= 1 else "bold red"
    words = percent(share) if share < 1 else f"{share * 100:.0f} %"
    return bar(share, _BAR, style), Line.of((f"{words} of {budget_s:g} s", style))
