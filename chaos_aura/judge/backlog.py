"""What waits to be written, by the age of its oldest entry: empty it never is under load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from chaos_aura.judge.moment import Moment

_OLD_S = 2.0
_TIMES = 3


@dataclass(frozen=True, slots=True)
class BacklogSample:
    """`oldest_s` is 0 when nothing waits, None when nobody could say."""

    at_ns: int
    oldest_s: float | None


@dataclass(frozen=True)
class Limits:
    """From how old it was when nothing was wrong, by backlog."""

    usual_s: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: str) -> float:
        return max(_OLD_S, _TIMES * self.usual_s.get(name, 0.0))


def backlog_turn(samples: Sequence[BacklogSample], limit_s: float, asked_ns: int, until_ns: int) -> Moment | None:
    """From old to young for the last time; None when it was never old.

    Where nobody could say, it may have been either: it is young at the latest when somebody says so again.
    """
    since = sorted((each for each in samples if asked_ns <= each.at_ns <= until_ns), key=lambda each: each.at_ns)
    not_young = [each.at_ns for each in since if each.oldest_s is None or each.oldest_s > limit_s]
    if not not_young:
        return None
    old = [each.at_ns for each in since if each.oldest_s is not None and each.oldest_s > limit_s]
    young_ns = next((each.at_ns for each in since if each.at_ns > not_young[-1]), None)
    return Moment(old[-1] if old else asked_ns, young_ns, young_ns)


def unseen_for_s(samples: Sequence[BacklogSample], from_ns: int, until_ns: int) -> float:
    """The longest time between those two moments in which nobody said how old it was."""
    seen = sorted(each.at_ns for each in samples if each.oldest_s is not None and from_ns <= each.at_ns <= until_ns)
    moments = [from_ns, *seen, until_ns]
    return max(later - earlier for earlier, later in pairwise(moments)) / 1e9
