"""Which stories are whole, by the kinds that were seen of them: each asked, decided, then granted or refused.

requested -> decided -> granted -> released
                     -> refused
"""

from enum import IntEnum


class Kind(IntEnum):
    """Places among the schema's KINDS."""

    REQUESTED = 0
    DECIDED = 1
    GRANTED = 2
    REFUSED = 3
    RELEASED = 4


_NEEDS = {
    Kind.DECIDED: Kind.REQUESTED,
    Kind.GRANTED: Kind.DECIDED,
    Kind.REFUSED: Kind.DECIDED,
    Kind.RELEASED: Kind.GRANTED,
}
_ENDS = (Kind.GRANTED, Kind.REFUSED, Kind.RELEASED)


def kinds_of(seen: int) -> tuple[Kind, ...]:
    """In the order in which they must stand. Sample: 0b111 is requested, decided, granted."""
    return tuple(kind for kind in Kind if seen >> kind & 1)


def _later(kind: Kind) -> int:
    """Those that may only stand after it, as bits."""
    after = [other for other, needed in _NEEDS.items() if needed is kind]
    return sum(1 << other for other in after) | sum(_later(other) for other in after)


def _without(seen: int) -> tuple[tuple[Kind, Kind], ...]:
    """Each that was seen with the one that it needs, and that was not."""
    kinds = kinds_of(seen)
    return tuple((kind, _NEEDS[kind]) for kind in kinds if kind in _NEEDS and _NEEDS[kind] not in kinds)


def _nearest(kind: Kind, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    needed = _NEEDS.get(kind)
    return () if needed is None else (needed,) if needed in kinds else _nearest(needed, kinds)


def _ordered(seen: int) -> tuple[tuple[Kind, Kind], ...]:
    """Each that was seen with the nearest one that must stand before it."""
    kinds = kinds_of(seen)
    return tuple((before, kind) for kind in kinds for before in _nearest(kind, kinds))


_ALL = range(1 << len(Kind))
# By the kinds that were seen: there may be millions of allocations.
MUST_BE_LATER = tuple(_later(kind) for kind in Kind)
ORDERED = tuple(_ordered(seen) for seen in _ALL)
LACKS = tuple(_without(seen) for seen in _ALL)
IS_DECIDED = tuple(any(kind in _ENDS for kind in kinds_of(seen)) for seen in _ALL)
HAS_TWO_ENDS = tuple({Kind.GRANTED, Kind.REFUSED} <= set(kinds_of(seen)) for seen in _ALL)
IS_WHOLE = tuple(IS_DECIDED[seen] and not LACKS[seen] and not HAS_TWO_ENDS[seen] for seen in _ALL)
