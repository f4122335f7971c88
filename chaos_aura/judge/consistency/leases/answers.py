"""Whether "busy", "no capacity" and what was read could be true at some moment between question and answer.

A hold may have lasted longer than is certain. One way to lay all of them out is looked at, in which each lasts as long
as the next one lets it: if that makes an answer true, it is; if no way could, it is not. What is in between is for the
search. Where every hold is of one thing only, that way is the best for all answers at once.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise

from chaos_aura.judge.consistency.leases.spans import Level, Span, Spans, merged
from chaos_aura.judge.consistency.leases.story import NEVER, Hold, Saw, Story, Unsure
from chaos_aura.judge.consistency.leases.sweep import Line, Violation, Wrong
from chaos_aura.judge.consistency.models.lease_call import BUSY, NO_CAPACITY


@dataclass
class Answers:
    """`undecided`: answers that only the search can judge."""

    story: Story
    line: Line
    total: Mapping[str, int]
    undecided: list[Saw] = field(default_factory=list)
    _spans: dict[tuple[str, str], Spans] = field(default_factory=dict)
    _levels: dict[tuple[str, str], Level] = field(default_factory=dict)

    def judge(self) -> Iterator[Violation]:
        expire = any(hold.expires_ns is not None for hold in self.story.holds.values()) if self.story.saw else False
        for saw in self.story.saw:
            if (saw.what == NO_CAPACITY and saw.kind not in self.total) or (saw.what == BUSY and not saw.keys):
                continue  # it says nothing that could be judged
            if expire or (saw.what == NO_CAPACITY and not self._kinds_are_known):
                self.undecided.append(saw)  # nobody knows at which line something expired
            elif saw.what == BUSY:
                yield from self._busy(saw)
            elif saw.what == NO_CAPACITY:
                yield from self._no_capacity(saw)
            else:
                yield from self._reading(saw)

    def _busy(self, saw: Saw) -> Iterator[Violation]:
        if any(self._likely(key).touch(saw.asked, saw.told) for key in saw.keys):
            return
        if self._may_have_been_taken(saw) or any(self._possible(key).touch(saw.asked, saw.told) for key in saw.keys):
            self.undecided.append(saw)
        else:
            yield _untrue(saw, f"{saw.owner} was told that {_listed(saw.keys)} is busy, and nobody could have it")

    def _no_capacity(self, saw: Saw) -> Iterator[Violation]:
        total = self.total[saw.kind]
        if total - self._likely_level(saw.kind).highest(saw.asked, saw.told) < saw.many:
            return
        most = self._possible_level(saw.kind).highest(saw.asked, saw.told)
        most += self._unsure_of_kind(saw)
        if total - most < saw.many:
            self.undecided.append(saw)
        else:
            told = f"at most {most} of {total} {saw.kind} could be taken".replace("  ", " ")
            yield _untrue(saw, f"{saw.owner} was refused {saw.many} for want of capacity, and {told}")

    def _reading(self, saw: Saw) -> Iterator[Violation]:
        (key,) = saw.keys
        if saw.holder is None:
            if self._certain(key).cover(saw.asked, saw.told):
                yield _untrue(saw, f"{key} was read as free, and was held all the time")
            elif not self._is_free_for_sure(key, saw):
                self.undecided.append(saw)
            return
        hold = self.story.holds.get(saw.holder)
        if saw.holder in self.story.unsure:
            self.undecided.append(saw)
        elif hold is None:
            yield _untrue(saw, f"{key} was read as held by {saw.holder}, who never asked for it")
        elif key not in hold.keys or saw.told < hold.asked or hold.ended < saw.asked:
            yield _untrue(saw, f"{key} was read as held by {saw.holder}, who did not have it then")
        elif not (hold.had < saw.told and hold.ends > saw.asked):
            self.undecided.append(saw)

    def _is_free_for_sure(self, key: str, saw: Saw) -> bool:
        """At some moment: nobody can have it then, however long holds lasted."""
        if self._may_have_been_taken(saw):
            return False
        widest = self._spans.get(("widest", key))
        if widest is None:
            widest = self._spans["widest", key] = Spans.of(merged(_widest(self.line.get(key, []))))
        return not widest.cover(saw.asked, saw.told)

    def _may_have_been_taken(self, saw: Saw) -> bool:
        """By somebody of whom nobody knows. What names nothing may be anything."""
        return any(self._unsure_since.get(key, NEVER) < saw.told for key in (*saw.keys, ""))

    @cached_property
    def _unsure_since(self) -> dict[str, int]:
        since: dict[str, int] = {}
        for each in self.story.unsure.values():
            for key in each.keys or ("",):
                since[key] = min(each.asked, since.get(key, NEVER))
        return since

    def _unsure_of_kind(self, saw: Saw) -> int:
        """How many may have been taken by those of whom nobody knows."""
        asked, counts = self._unsure_counts.get(saw.kind, ([], [0]))
        return counts[bisect_left(asked, saw.told)]

    @cached_property
    def _unsure_counts(self) -> dict[str, tuple[list[int], list[int]]]:
        of_kind: defaultdict[str, list[Unsure]] = defaultdict(list)
        for each in sorted(self.story.unsure.values(), key=lambda each: each.asked):
            of_kind[each.kind].append(each)
        return {
            kind: ([each.asked for each in some], list(accumulate((each.many for each in some), initial=0)))
            for kind, some in of_kind.items()
        }

    @cached_property
    def _kinds_are_known(self) -> bool:
        """Of each thing one."""
        kinds = [{hold.kind for hold in holds} for holds in self.line.values()]
        unsure = {each.kind for each in self.story.unsure.values()}
        return all(len(each) == 1 for each in kinds) and not ("" in unsure.union(*kinds) and self.total.keys() != {""})

    def _certain(self, key: str) -> Spans:
        return self._of_key("certain", key, lambda hold: (hold.had, hold.ends))

    def _likely(self, key: str) -> Spans:
        return self._of_key("likely", key, lambda hold: self._laid_out[hold.owner])

    def _possible(self, key: str) -> Spans:
        return self._of_key("possible", key, lambda hold: self._utmost[hold.owner])

    def _of_key(self, what: str, key: str, span: Callable[[Hold], Span]) -> Spans:
        spans = self._spans.get((what, key))
        if spans is None:
            spans = self._spans[what, key] = Spans.of(map(span, self.line.get(key, ())))
        return spans

    def _likely_level(self, kind: str) -> Level:
        return self._of_kind("likely", kind, lambda holds: (self._laid_out[hold.owner] for hold in holds))

    def _possible_level(self, kind: str) -> Level:
        return self._of_kind("possible", kind, lambda holds: merged(self._utmost[hold.owner] for hold in holds))

    def _of_kind(self, what: str, kind: str, spans: Callable[[list[Hold]], Iterable[Span]]) -> Level:
        level = self._levels.get((what, kind))
        if level is None:
            lines = (holds for holds in self.line.values() if holds[0].kind == kind)
            level = self._levels[what, kind] = Level.of((span, 1) for holds in lines for span in spans(holds))
        return level

    @cached_property
    def _laid_out(self) -> dict[str, Span]:
        """Each is taken once those before it are over, and kept until the next is had."""
        return self._spanned(lambda _, span: span[1])

    @cached_property
    def _utmost(self) -> dict[str, Span]:
        """As early and as late as those before and after it allow."""
        return self._spanned(lambda hold, _: hold.ends)

    def _spanned(self, over: Callable[[Hold, Span], int]) -> dict[str, Span]:
        """In the order in which they were had. `over`: from when on the next may have it."""
        spans: dict[str, Span] = {}
        since: dict[str, int] = {}
        for hold in self.story.holds.values():
            begin = max([hold.asked, *(since.get(key, 0) for key in hold.keys)])
            span = spans[hold.owner] = (begin, min(hold.ended, self._followed.get(hold.owner, NEVER)))
            since.update(dict.fromkeys(hold.keys, over(hold, span)))
        return spans

    @cached_property
    def _followed(self) -> dict[str, int]:
        """When somebody else had one of its things, by owner."""
        followed: dict[str, int] = {}
        for holds in self.line.values():
            for hold, following in pairwise(holds):
                followed[hold.owner] = min(followed.get(hold.owner, NEVER), following.had)
        return followed


def _widest(holds: Iterable[Hold]) -> Iterator[Span]:
    return iter(sorted((hold.asked, hold.ended) for hold in holds))


def _untrue(saw: Saw, told: str) -> Violation:
    return Violation(Wrong.UNTRUE, saw.keys[0] if saw.keys else saw.kind, saw.told, (saw.asked, saw.told), told)


def _listed(names: Iterable[str]) -> str:
    return " or ".join(names)
