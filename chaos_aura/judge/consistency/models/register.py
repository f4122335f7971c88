"""A register: it holds the value written last, null at first. With cas, only what was expected is replaced."""

from typing import ClassVar

from chaos_aura.judge.consistency.models.model import BadOp, State
from chaos_aura.judge.consistency.op import Op, frozen


class Register:
    name: ClassVar[str] = "register"
    functions: ClassVar[frozenset[str]] = frozenset(("read", "write"))

    def initial(self) -> State:
        return (None,)

    def refuse(self, op: Op) -> None: ...

    def says(self, op: Op) -> bool:
        return op.is_sure or (op.ended is None and op.f != "read")

    def only_looks(self, op: Op) -> bool:
        return op.f == "read"

    def step(self, state: State, op: Op) -> State | None:
        if op.f == "write":
            return (frozen(op.asked),)
        return state if state == (frozen(op.answered),) else None


class CasRegister(Register):
    name: ClassVar[str] = "cas-register"
    functions: ClassVar[frozenset[str]] = frozenset(("read", "write", "cas"))

    def refuse(self, op: Op) -> None:
        if op.f == "cas" and not (isinstance(op.asked, list) and len(op.asked) == 2):  # noqa: PLR2004 - a pair
            raise BadOp("`value` of cas is [from, to]")

    def step(self, state: State, op: Op) -> State | None:
        if op.f != "cas":
            return super().step(state, op)
        expected, new = op.asked
        return (frozen(new),) if state == (frozen(expected),) else None
