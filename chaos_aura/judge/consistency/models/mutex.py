"""A lock: it is taken or free, free at first. Whose it is does not matter."""

from typing import ClassVar

from chaos_aura.judge.consistency.models.model import State
from chaos_aura.judge.consistency.op import Op

FREE, TAKEN = "free", "taken"


class Mutex:
    name: ClassVar[str] = "mutex"
    functions: ClassVar[frozenset[str]] = frozenset(("acquire", "release"))

    def initial(self) -> State:
        return FREE

    def refuse(self, op: Op) -> None: ...

    def says(self, op: Op) -> bool:
        return op.is_sure or op.ended is None

    def only_looks(self, op: Op) -> bool:
        return False

    def step(self, state: State, op: Op) -> State | None:
        if op.f == "acquire":
            return TAKEN if state == FREE else None
        return FREE if state == TAKEN else None
