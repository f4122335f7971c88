"""The protocol of a model: a state that can be compared, and what each operation makes of it.

One's own is a class with these members; `check(history, MyModel())` judges by it. For instance a counter:

    class Counter:
        name = "counter"
        functions = frozenset(("add", "read"))
        def initial(self): return 0
        def refuse(self, op):
            if op.f == "add" and not isinstance(op.asked, int): raise BadOp("`value` of add is no whole number")
        def says(self, op): return op.is_sure or (op.ended is None and op.f == "add")
        def only_looks(self, op): return op.f == "read"
        def step(self, state, op):
            if op.f == "add": return state + op.asked
            return state if op.answered == state else None
"""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Protocol

from chaos_aura.judge.consistency.op import Op

type State = Hashable


class BadOp(ValueError):
    """Why an operation is none of the model's: "cas needs [from, to]"."""


class Undecidable(Exception):
    """Why nobody can say whether a history of the model is right."""


class Model(Protocol):
    """Immutable. `None` is no state: it says that the operation cannot have happened there."""

    name: ClassVar[str]
    functions: ClassVar[frozenset[str]]

    def initial(self) -> State: ...

    def refuse(self, op: Op) -> None:
        """BadOp when the operation is none that the model knows."""

    def says(self, op: Op) -> bool:
        """Whether the operation has to be explained. One that certainly did not happen has not, nor has a reading of
        which nobody knows the answer; a failure may say something: that somebody else held the lease."""

    def only_looks(self, op: Op) -> bool:
        """Whether it changes no state, whatever the state is."""

    def step(self, state: State, op: Op) -> State | None:
        """The state after it, or None where it cannot have happened with its answer. One of which nobody knows the end
        is taken to have succeeded: that it may never have happened, the search knows by itself."""


class Splits(Protocol):
    """A model may also have these."""

    def parts(self, ops: Sequence[Op]) -> dict[Hashable, Sequence[Op]]:
        """Objects that have nothing to do with each other are judged one by one. Undecidable when nobody could."""

    def whose(self, op: Op) -> str:
        """What tells two operations of the same words apart; nothing, where it does not matter who asks."""
