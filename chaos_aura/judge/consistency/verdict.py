"""What is said of a history: valid, invalid with what shows it, or unknown."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from chaos_aura.judge.consistency.op import Op


class Validity(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


_WORST_FIRST = (Validity.INVALID, Validity.UNKNOWN, Validity.VALID)


@dataclass(frozen=True)
class Finding:
    """Why there is no explanation. `lines`: those of the history that show it, the last one last.

    Of the search: `window`, the last operations, which nothing explains, even together with `unsure`, those of which
    nobody knows whether they had happened. Whatever it had been until then, or, `from_the_beginning`, as it began.
    `prefix`, all that can be explained, in an order that does, and None when that could not be found in time; `states`,
    in which it could be then, a few.
    """

    told: str
    lines: tuple[int, ...]
    window: tuple[Op, ...] = ()
    unsure: tuple[Op, ...] = ()
    from_the_beginning: bool = False
    prefix: tuple[Op, ...] | None = None
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One object, or several that only make sense together. `why`: why it is unknown."""

    key: Hashable
    operations: int
    validity: Validity
    finding: Finding | None = None
    why: str = ""


@dataclass(frozen=True)
class Checked:
    """`parts`: those that were looked at one by one, the worst first. `operations`: all of the history."""

    validity: Validity
    operations: int
    parts: tuple[Part, ...]
    took_s: float
    notes: tuple[str, ...] = ()


def checked(operations: int, parts: Iterable[Part], took_s: float, notes: Iterable[str] = ()) -> Checked:
    """All of it is as good as its worst part."""
    ordered = sorted(parts, key=lambda each: _WORST_FIRST.index(each.validity))
    worst = ordered[0].validity if ordered else Validity.VALID
    return Checked(worst, operations, tuple(ordered), took_s, tuple(notes))
