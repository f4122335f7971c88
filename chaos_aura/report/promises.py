"""Whether what tenants were told came true: nothing lost, doubled, contradicted, leaked, made up or out of order."""

from collections.abc import Iterable

from chaos_aura.report.line import Line
from chaos_aura.report.part import Part
from chaos_aura.report.quantity import count

_KINDS = ("lost", "doubled", "disagreeing", "leaked")
_RARE = ("phantom", "reordered")  # told where there are any
_MOST_NAMED = 3


def promises(consistency: Part) -> Iterable[Line]:
    if not consistency.members:
        return
    found = {kind: _found(consistency[kind]) for kind in _KINDS}
    found |= {kind: some for kind in _RARE if (some := _found(consistency[kind])) and some[1]}
    told = []
    if (acknowledged := consistency["acknowledged"].number) is not None:
        told.append(Line.of(f"{count(acknowledged)} acknowledged"))
    told += [_counted(kind, some) for kind, some in found.items()]
    yield Line.of(", ").between(told)
    for kind, some in found.items():
        if some and some[1]:
            yield _named(kind, some[1])


def _found(part: Part) -> tuple[int, list[str]] | None:
    """How many, and their names; None when nobody looked. An object tells how many of each there are."""
    if (members := part.members) is not None:
        counts = [(name, value.number) for name, value in members if value.number != 0]
        how_many = sum(1 if number is None else round(number) for _, number in counts)
        return how_many, [name if number is None else f"{count(number)} {name}" for name, number in counts]
    if (parts := part.parts) is not None:
        return len(parts), [each.word or _of_object(each) for each in parts]
    return None


def _of_object(each: Part) -> str:
    return " ".join(value.word for _, value in each.members or () if value.word) or "(no name)"


def _counted(kind: str, found: tuple[int, list[str]] | None) -> Line:
    if found is None:
        return Line.of((f"{kind} not measured", "yellow"))
    return Line.of((f"{found[0]} {kind}", "bold red" if found[1] else "green"))


def _named(kind: str, names: list[str]) -> Line:
    more = f" and {len(names) - _MOST_NAMED} more in result.json" if len(names) > _MOST_NAMED else ""
    return Line.of((f"{kind}: {', '.join(names[:_MOST_NAMED])}{more}", "red"))
