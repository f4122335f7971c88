"""What each way to hurt a process has to be able to do. Its data are those of an undo."""

from collections.abc import Mapping
from typing import Any, Protocol

from chaos_aura.core.fault import Fault, Proof, Undo

Data = Mapping[str, Any]


class Act(Protocol):
    def prepare(self, fault: Fault) -> Undo: ...

    def inject(self, data: Data) -> None: ...

    def heal(self, data: Data) -> None: ...

    def in_force(self, data: Data) -> Proof: ...

    def gone(self, data: Data) -> Proof: ...
