"""Texts by key, each empty at first: put replaces, append adds to the end. Null and the empty text are the same."""

from typing import ClassVar

from chaos_aura.judge.consistency.models.model import BadOp, State
from chaos_aura.judge.consistency.op import Op


class Kv:
    name: ClassVar[str] = "kv"
    functions: ClassVar[frozenset[str]] = frozenset(("get", "put", "append"))

    def initial(self) -> State:
        return ""

    def refuse(self, op: Op) -> None:
        if op.key is None:
            raise BadOp(f"{op.f} needs a `key`")
        value = op.answered if op.f == "get" and op.is_sure else op.asked
        if not isinstance(value, str | None):
            raise BadOp(f"`value` of {op.f} is no text")

    def says(self, op: Op) -> bool:
        return op.is_sure or (op.ended is None and op.f != "get")

    def only_looks(self, op: Op) -> bool:
        return op.f == "get"

    def step(self, state: State, op: Op) -> State | None:
        if op.f == "get":
            return state if state == (op.answered or "") else None
        if op.f == "put":
            return op.asked or ""
        return f"{state}{op.asked or ''}"
