"""The search of Wing and Gong, with Lowe's just-in-time linearization: is there an order that explains all answers?

Events are gone through in the order of time. An operation takes effect only when it must: when it ends and has not yet.
Then there are several ways: it alone, or after others that are under way; they are tried one after another, shortest
first, and where all fail an earlier choice is changed. Three things keep it short:

- what was tried is remembered: at one event, with the same state and the same operations done, nothing new comes out;
- an operation that only looks is done as soon as it fits: to wait with it could help nobody. (A write of what is there
  already may not be: it may be needed later, after another);
- of operations whose end nobody knows, using fewer is always as good as using more, and of equal ones the first.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain

from chaos_aura.judge.consistency.problem import BEGINS, ENDS_EXCUSED, IMPOSSIBLE, MAY_BEGIN, Problem

type Clock = Callable[[], float]
type _Open = tuple[int, int, int]  # bit, kind, operation
type _Config = tuple[int, int, int, tuple[int, ...]]  # state, done of those under way, used of the unsure, made now

_LOOK_AT_CLOCK_EVERY = 256
_MOST_REMEMBERED = 2_000_000
_STATES_TOLD = 5


class Answer(Enum):
    YES = "yes"
    NO = "no"
    OUT_OF_TIME = "it took too long"
    OUT_OF_MEMORY = "there was too much to remember"


@dataclass(frozen=True, slots=True)
class Found:
    """`reached`: how many events could be explained. The next one is the end of an operation that could not.

    `order`: of a yes, an order that explains all; `states`: those in which it can be after `reached` events, a few.
    """

    answer: Answer
    reached: int
    order: tuple[int, ...] = ()
    states: tuple[int, ...] = ()
    tried: int = 0


def search(problem: Problem, starts: Sequence[int], until_s: float, clock: Clock = time.monotonic) -> Found:
    """From any of the states with these numbers."""
    searching = _Search(problem, until_s, clock)
    answer = Answer.NO
    for start in starts:
        try:
            answer = searching.run(start)
        except _GivenUp as given_up:
            answer = given_up.answer
        if answer is not Answer.NO:
            break
    return searching.found(answer)


class _GivenUp(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Choice:
    """One that was made, and all it takes to make another."""

    at: int
    ways: Iterator[_Config]
    under_way: list[_Open]
    unsure: int
    order: int


@dataclass
class _Search:
    problem: Problem
    until_s: float
    clock: Clock
    _failed: dict[tuple[int, int, int], list[int]] = field(default_factory=dict)
    _tried: int = 0
    _remembered: int = 0
    _reached: int = -1
    _order: list[int] = field(default_factory=list)
    _states_there: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        events = self.problem.events
        self._unsure: list[_Open] = [(each.bit, each.kind, each.op) for each in events if each.what == MAY_BEGIN]
        self._rows = self.problem.table.rows
        self._ask = self.problem.table.ask
        self._looks = self.problem.table.only_looks

    def found(self, answer: Answer) -> Found:
        order = tuple(self._order) if answer is Answer.YES else ()
        return Found(answer, max(0, self._reached), order, tuple(sorted(self._states_there)), self._tried)

    def run(self, state: int) -> Answer:  # noqa: C901, PLR0912, PLR0915 - the one hot loop: calls would cost half of its time
        events, rows, looks = self.problem.events, self._rows, self._looks
        choices: list[_Choice] = []
        under_way: dict[int, tuple[int, int]] = {}
        self._order = order = []
        at = done = used = unsure = 0
        until = len(events)
        while at < until:
            what, bit, kind, op = events[at]
            at += 1
            if what == BEGINS:
                under_way[bit] = (kind, op)
                if looks[kind] and rows[state].get(kind, None) is None:
                    self._ask(state, kind)
                if looks[kind] and rows[state][kind] == state:
                    done |= bit
                    order.append(op)
            elif what == MAY_BEGIN:
                unsure += 1
            elif done & bit:
                done ^= bit
                del under_way[bit]
            else:
                config: _Config | None = None
                if self._is_new(at, state, done, used):
                    open_ones = [(each, *of) for each, of in under_way.items()]
                    ways = self._ways((state, done, used, ()), (bit, kind, op), open_ones, unsure)
                    if what == ENDS_EXCUSED:
                        ways = chain(((state, done | bit, used, ()),), ways)
                    config = next(ways, None)
                    choices.append(_Choice(at, ways, open_ones, unsure, len(order)))
                    if config is None:
                        self._stuck(at - 1, state)
                while config is None:
                    if not choices:
                        return Answer.NO
                    choice = choices[-1]
                    config = next(choice.ways, None)
                    if config is None:
                        choices.pop()
                    else:
                        at, unsure = choice.at, choice.unsure
                        under_way = {each: (a_kind, an_op) for each, a_kind, an_op in choice.under_way}
                        del order[choice.order :]
                        bit = events[at - 1].bit
                state, done, used, made = config
                order.extend(made)
                done ^= bit
                del under_way[bit]
                self._tried += 1
                if not self._tried % _LOOK_AT_CLOCK_EVERY:
                    self._look_at_clock()
        self._reached, self._states_there = until, {state}
        return Answer.YES

    def _is_new(self, at: int, state: int, done: int, used: int) -> bool:
        """Remembered at once: whoever comes here again comes because it has failed."""
        is_new = _adds(self._failed.setdefault((at, state, done), []), used)
        self._remembered += is_new
        return is_new

    def _stuck(self, at: int, state: int) -> None:
        if at > self._reached:
            self._reached, self._states_there = at, set()
        if at == self._reached and len(self._states_there) < _STATES_TOLD:
            self._states_there.add(state)

    def _look_at_clock(self) -> None:
        if self.clock() > self.until_s:
            raise _GivenUp(Answer.OUT_OF_TIME)
        if self._remembered > _MOST_REMEMBERED:
            raise _GivenUp(Answer.OUT_OF_MEMORY)

    def _ways(self, start: _Config, ending: _Open, open_ones: list[_Open], unsure: int) -> Iterator[_Config]:
        """To have the ending one done: at once, after one other, after two, ..."""
        yield from self._with(start, ending, open_ones)
        level, seen, looked = [start], {start[:2]: [start[2]]}, 0
        while level:
            following: list[_Config] = []
            for config in level:
                for another in self._one_more(config, ending[0], open_ones, unsure):
                    looked += 1
                    if not looked % _LOOK_AT_CLOCK_EVERY:
                        self._look_at_clock()
                    if not _adds(seen.setdefault(another[:2], []), another[2]):
                        continue
                    yield from self._with(another, ending, open_ones)
                    if not another[1] & ending[0]:
                        following.append(another)
            level = following

    def _with(self, config: _Config, ending: _Open, open_ones: list[_Open]) -> Iterator[_Config]:
        state, done, used, made = config
        bit, kind, op = ending
        if done & bit:
            yield config
        elif (after := self._after(state, kind)) != IMPOSSIBLE:
            yield self._settled((after, done | bit, used, (*made, op)), open_ones)

    def _one_more(self, config: _Config, ending_bit: int, open_ones: list[_Open], unsure: int) -> Iterator[_Config]:
        """Each other one that can be done now. To use an unsure one that changes nothing is of no use. Those that began
        last are tried first: what had not happened for long has seldom happened just now."""
        state, done, used, made = config
        for bit, kind, op in open_ones:
            if not done & bit and bit != ending_bit:
                after = self._after(state, kind)
                if after != IMPOSSIBLE:
                    yield self._settled((after, done | bit, used, (*made, op)), open_ones)
        unused: dict[int, _Open] = {}
        for each in self._unsure[:unsure]:
            if not used & each[0]:
                unused.setdefault(each[1], each)
        for bit, kind, op in reversed(unused.values()):
            after = self._after(state, kind)
            if after not in (IMPOSSIBLE, state):
                yield self._settled((after, done, used | bit, (*made, op)), open_ones)

    def _after(self, state: int, kind: int) -> int:
        after = self._rows[state].get(kind)
        return self._ask(state, kind) if after is None else after

    def _settled(self, config: _Config, open_ones: list[_Open]) -> _Config:
        """With all done that only look, and fit."""
        state, done, used, made = config
        for bit, kind, op in open_ones:
            if self._looks[kind] and not done & bit and self._after(state, kind) == state:
                done |= bit
                made = (*made, op)
        return state, done, used, made


def _adds(before: list[int], used: int) -> bool:
    """Whether nothing was tried yet that used as few. It counts as tried then."""
    for each in before:
        if each & used == each:
            return False
    before.append(used)
    return True
