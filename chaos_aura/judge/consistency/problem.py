"""A history of one object as the search needs it: numbers instead of values.

Operations that say the same are one kind; states and kinds are numbered as they are met, and what a kind makes of a
state is asked of the model once. Each operation under way has a bit of its own; those of ended ones are used again.
"""

from collections.abc import Callable, Container, Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chaos_aura.judge.consistency.models.model import Model, State
from chaos_aura.judge.consistency.op import Op, frozen

IMPOSSIBLE = -1
BEGINS, ENDS, MAY_BEGIN, ENDS_EXCUSED = 0, 1, 2, 3


class Event(NamedTuple):
    """`MAY_BEGIN`: an operation of which nobody knows the end; from here on it may take effect, or never.

    `ENDS_EXCUSED`: it may have taken effect before all that is looked at.
    """

    what: int
    bit: int
    kind: int
    op: int  # its place among the operations


@dataclass
class Table:
    """What the model says, asked once."""

    model: Model
    states: list[State] = field(default_factory=list)
    rows: list[dict[int, int]] = field(default_factory=list)
    kinds: list[Op] = field(default_factory=list)
    only_looks: list[bool] = field(default_factory=list)
    _number_of_state: dict[State, int] = field(default_factory=dict)
    _number_of_kind: dict[Hashable, int] = field(default_factory=dict)

    def state(self, state: State) -> int:
        number = self._number_of_state.get(state)
        if number is None:
            number = self._number_of_state[state] = len(self.states)
            self.states.append(state)
            self.rows.append({})
        return number

    def kind(self, op: Op) -> int:
        says = (op.f, frozen(op.asked), frozen(op.answered), op.end, op.key, op.error, self._whose(op))
        number = self._number_of_kind.get(says)
        if number is None:
            number = self._number_of_kind[says] = len(self.kinds)
            self.kinds.append(op)
            self.only_looks.append(self.model.only_looks(op))
        return number

    def _whose(self, op: Op) -> str:
        whose: Callable[[Op], str] | None = getattr(self.model, "whose", None)
        return whose(op) if whose else ""

    def ask(self, state: int, kind: int) -> int:
        after = self.model.step(self.states[state], self.kinds[kind])
        self.rows[state][kind] = number = IMPOSSIBLE if after is None else self.state(after)
        return number


@dataclass(frozen=True)
class Problem:
    """`ops` in the order of their invocations, all of them to be explained."""

    ops: Sequence[Op]
    table: Table
    events: tuple[Event, ...]


def problem_of(ops: Sequence[Op], model: Model, table: Table | None = None, excused: Container[int] = ()) -> Problem:
    """`excused`: places of those that may have taken effect before."""
    table = table or Table(model)
    bits = _bits(ops)
    unordered = []
    for number, op in enumerate(ops):
        kind = table.kind(op)
        unordered.append((op.invoked, Event(MAY_BEGIN if op.ended is None else BEGINS, bits[number], kind, number)))
        if op.ended is not None:
            ends = ENDS_EXCUSED if number in excused else ENDS
            unordered.append((op.ended, Event(ends, bits[number], kind, number)))
    unordered.sort(key=lambda each: each[0])
    return Problem(ops, table, tuple(event for _, event in unordered))


def _bits(ops: Sequence[Op]) -> list[int]:
    """Of those that end, the lowest that is free; of the others one each, counted by themselves."""
    free: list[int] = []
    bits, most, unsure = [0] * len(ops), 0, 0
    for _, _, number in sorted(_moments(ops)):
        op = ops[number]
        if op.ended is None:
            bits[number] = 1 << unsure
            unsure += 1
        elif bits[number]:
            free.append(bits[number])
        else:
            bits[number] = free.pop() if free else 1 << most
            most = max(most, bits[number].bit_length())
    return bits


def _moments(ops: Sequence[Op]) -> list[tuple[int, int, int]]:
    began = [(op.invoked, 0, number) for number, op in enumerate(ops)]
    return began + [(op.ended, 1, number) for number, op in enumerate(ops) if op.ended is not None]
