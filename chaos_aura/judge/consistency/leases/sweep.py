"""Each thing's holds gone through in the order in which they were had: two at once, tokens that do not grow."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chaos_aura.judge.consistency.leases.story import NEVER, Hold, Story


class Wrong(StrEnum):
    TWO_OWNERS = "two owners"
    TOKEN_ORDER = "token order"
    RETURNED_AGAIN = "returned again"
    RETURNED_BY_NOBODY = "returned by nobody"
    UNTRUE = "untrue answer"
    PARTIAL = "not what was asked for"


@dataclass(frozen=True)
class Violation:
    """`at`: the line at which it is certain. `lines`: those that show it."""

    what: Wrong
    key: str
    at: int
    lines: tuple[int, ...]
    told: str


type Line = Mapping[str, list[Hold]]


def line_of(story: Story) -> Line:
    """The holds of each thing, in the order in which they were had."""
    line: defaultdict[str, list[Hold]] = defaultdict(list)
    for hold in story.holds.values():  # had in this order
        for key in hold.keys:
            line[key].append(hold)
    return line


def swept(line: Line) -> Iterator[Violation]:
    for key, holds in line.items():
        if len(holds) > 1:
            yield from _of_one(key, holds)


def _of_one(key: str, holds: list[Hold]) -> Iterator[Violation]:
    before = holds[0]
    newest = before.token
    for hold in holds[1:]:
        had = hold.had
        if before.ends > had and not has_expired(before, hold):
            yield _two_owners(key, before, hold)
            if hold.ends < before.ends:
                continue
        token = hold.token
        if token is not None:
            if newest is not None and token <= newest:
                yield _token_order(key, before, hold, newest)
            else:
                newest = token
        before = hold


def has_expired(before: Hold, hold: Hold) -> bool:
    """A release that succeeded shows that it was still held."""
    return before.expires_ns is not None and not before.was_returned and before.expires_ns <= hold.had_ns


def partial(story: Story) -> Iterator[Violation]:
    for hold in story.partial:
        told = f"{hold.owner} got {', '.join(hold.keys)}, and had asked for something else"
        yield Violation(Wrong.PARTIAL, hold.keys[0], hold.had, (hold.asked, hold.had), told)


def returned(story: Story) -> Iterator[Violation]:
    """What was given back by somebody who certainly had nothing."""
    for hold, again in story.returned_again:
        told = f"{hold.owner} gave back twice what it held once"
        lines = (hold.asked, hold.had, hold.ends, hold.ended, again.asked, again.told)
        yield Violation(Wrong.RETURNED_AGAIN, hold.keys[0], again.told, lines, told)
    for each in story.returned_by_nobody:
        told = f"{each.owner} gave back what it had not asked for"
        yield Violation(Wrong.RETURNED_BY_NOBODY, "", each.told, (each.asked, each.told), told)


def _two_owners(key: str, first: Hold, second: Hold) -> Violation:
    told = f"{key} was held by {first.owner} and by {second.owner}"
    return Violation(Wrong.TWO_OWNERS, key, second.had, _lines((first, second)), told)


def _token_order(key: str, first: Hold, second: Hold, newest: int) -> Violation:
    told = f"{key} was given to {second.owner} with token {second.token}, after {newest}"
    return Violation(Wrong.TOKEN_ORDER, key, second.had, _lines((first, second)), told)


def _lines(holds: Iterable[Hold]) -> tuple[int, ...]:
    """As they stand in the file."""
    moments = (moment for hold in holds for moment in (hold.asked, hold.had, hold.ends, hold.ended))
    return tuple(sorted(moment for moment in moments if moment != NEVER))
