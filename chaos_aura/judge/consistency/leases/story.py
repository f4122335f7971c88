"""What a history tells of leases: who held what, at least and at most, and what else was answered.

Moments are numbers of lines: a hold is taken at some moment between `asked` and `had`, and given back between `ends`
and `ended`. From `had` to `ends` it is certain.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

NEVER = 1 << 62


class Hold:
    """Of one owner, who holds once. `was_returned`: a release succeeded."""

    ends = NEVER
    ended = NEVER
    kind = ""
    token: int | None = None
    had_ns = 0
    expires_ns: int | None = None

    def __init__(self, owner: str, keys: tuple[str, ...], asked: int, had: int) -> None:
        self.owner = owner
        self.keys = keys
        self.asked = asked
        self.had = had

    @property
    def was_returned(self) -> bool:
        return self.ended != NEVER


class Saw(NamedTuple):
    """An answer that tells what others had: `busy`, `no_capacity`, or what was read."""

    what: str
    asked: int
    told: int
    owner: str
    keys: tuple[str, ...]
    kind: str = ""
    many: int = 0
    holder: str | None = None


class Returned(NamedTuple):
    """A release that succeeded, though nobody knew then that it was held."""

    owner: str
    asked: int
    told: int


class Unsure(NamedTuple):
    """An acquisition of which it is not certain that it happened, or what it overlaps."""

    owner: str
    asked: int
    keys: tuple[str, ...]
    kind: str
    many: int


@dataclass
class Story:
    """`doubtful`: owners whose hold was over before they knew that they had it, perhaps; they are `unsure`, too."""

    holds: dict[str, Hold] = field(default_factory=dict)
    saw: list[Saw] = field(default_factory=list)
    unsure: dict[str, Unsure] = field(default_factory=dict)
    partial: list[Hold] = field(default_factory=list)
    returned_again: list[tuple[Hold, Returned]] = field(default_factory=list)
    returned_by_nobody: list[Returned] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    operations: int = 0
    notes: tuple[str, ...] = ()
