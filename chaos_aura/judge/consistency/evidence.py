"""Why a history has no explanation, as short as it can be shown.

The window is the shortest run of consecutive operations that nothing explains, in whichever of the states that had been
met it may have begun. What was under way there may or may not have happened before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaos_aura.judge.consistency.models.model import State
from chaos_aura.judge.consistency.op import Op, told
from chaos_aura.judge.consistency.problem import ENDS, Event, Problem, problem_of
from chaos_aura.judge.consistency.search import Answer, Clock, Found, search
from chaos_aura.judge.consistency.verdict import Finding

_MOST_STATES = 4000
_SHORTENED_WITHIN_S = _ORDERED_WITHIN_S = 5.0


def finding_of(problem: Problem, found: Found, start: State, clock: Clock, until_s: float) -> Finding:
    """Of a search that ended with NO."""
    table = problem.table
    culprit = problem.ops[problem.events[found.reached].op]
    explained = _until(problem, found.reached)
    window = _Shortening(problem, found.reached, clock, min(until_s, clock() + _SHORTENED_WITHIN_S)).window()
    prefix = search(problem_of(explained, table.model, table), [table.state(start)], clock() + _ORDERED_WITHIN_S, clock)
    lines = {line for op in window.sure for line in (op.line, op.end_line) if line}
    return Finding(
        f"{culprit} cannot be explained",
        tuple(sorted(lines)),
        window.sure,
        window.unsure,
        window.from_the_beginning,
        tuple(explained[number] for number in prefix.order) if prefix.answer is Answer.YES else None,
        tuple(told(table.states[number]) for number in found.states),
    )


def _until(problem: Problem, reached: int) -> list[Op]:
    """As if the history ended there: what had not ended may have happened or not."""
    began = {event.op for event in problem.events[:reached]}
    ended = {event.op for event in problem.events[:reached] if event.what == ENDS}
    return [
        op if number in ended else replace(op, ended=None) for number, op in enumerate(problem.ops) if number in began
    ]


type _Member = tuple[Op, bool]  # whether it may have been done before


@dataclass(frozen=True)
class _Window:
    sure: tuple[Op, ...]
    unsure: tuple[Op, ...]
    from_the_beginning: bool


@dataclass
class _Shortening:
    problem: Problem
    reached: int
    clock: Clock
    until_s: float

    def window(self) -> _Window:
        """The whole of it where nothing shorter is found in time."""
        shows = self._latest_that_shows()
        members = self._from(shows or 0)
        if shows is not None:
            members = self._without_onlookers(members)
        sure = tuple(op for op, _ in members if op.ended is not None)
        unsure = tuple(op for op, _ in members if op.ended is None)
        return _Window(sure, unsure, from_the_beginning=shows is None)

    def _latest_that_shows(self) -> int | None:
        """Where it begins. None where only the true beginning does."""
        latest = self._begin_of_culprit()
        length = 1
        while not self._is_unexplained(self._from(max(0, latest + 1 - length))):
            if length > latest or not self._may_go_on:
                return None
            length *= 2
        shows, does_not = max(0, latest + 1 - length), latest + 1 - length // 2
        while shows + 1 < does_not:
            middle = (shows + does_not) // 2
            if self._is_unexplained(self._from(middle)):
                shows = middle
            else:
                does_not = middle
        return shows

    @property
    def _may_go_on(self) -> bool:
        return len(self.problem.table.states) <= _MOST_STATES and self.clock() <= self.until_s

    @property
    def _culprit(self) -> int:
        return self.problem.events[self.reached].op

    def _begin_of_culprit(self) -> int:
        """It may have taken effect at any time since."""
        return next(at for at, event in enumerate(self.problem.events) if event.op == self._culprit)

    def _from(self, first: int) -> list[_Member]:
        """What is under way where it begins may have been done before; where it ends, may never be done."""
        events = self.problem.events
        before = _under_way(events[:first])
        inside = {event.op for event in events[first : self.reached + 1]}
        ended = {event.op for event in events[first : self.reached + 1] if event.what == ENDS}
        looks = self.problem.table.model.only_looks
        return [
            (op if number in ended else replace(op, ended=None), number in before)
            for number, op in enumerate(self.problem.ops)
            if number in ended or (number in inside | before and not looks(op))
        ]

    def _is_unexplained(self, members: Sequence[_Member]) -> bool:
        if not self._may_go_on:
            return False
        table = self.problem.table
        excused = {number for number, (_, is_excused) in enumerate(members) if is_excused}
        problem = problem_of([op for op, _ in members], table.model, table, excused)
        return search(problem, range(len(table.states)), self.until_s, self.clock).answer is Answer.NO

    def _without_onlookers(self, members: list[_Member]) -> list[_Member]:
        """Whoever only looks asks for something. Where it cannot be explained without him either, he was not needed."""
        looks, culprit = self.problem.table.model.only_looks, self.problem.ops[self._culprit]
        for member in [each for each in members if looks(each[0]) and each[0] is not culprit]:
            if not self._may_go_on:
                break
            fewer = [each for each in members if each is not member]
            if self._is_unexplained(fewer):
                members = fewer
        return members


def _under_way(events: Sequence[Event]) -> set[int]:
    under_way: set[int] = set()
    for event in events:
        if event.what == ENDS:
            under_way.discard(event.op)
        else:
            under_way.add(event.op)
    return under_way
