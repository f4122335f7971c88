"""What each way to hurt containers has to be able to do. Its data are those of an undo."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from chaos_aura.containers.container import Container
from chaos_aura.containers.group import Group
from chaos_aura.core.fault import Capability, Fault, Proof, Undo

Data = Mapping[str, Any]


class Act(Protocol):
    """Whose healing is done inside of a container has `needs_target = True`: it waits for what hurts that target.

    Who leaves its target able to do what other healing asks of it has `hurts_target = False`.
    """

    def can(self, fault: Fault, containers: Sequence[Container]) -> Capability:
        """`containers` are those that are meant, all of which run."""

    def writes(self, fault: Fault) -> str:
        """What of the service, as people say it: `process`, `network`, `memory limit`."""

    def takes_s(self, fault: Fault) -> float:
        """How much longer than usual it may take until it is in force."""

    def prepare(self, fault: Fault, group: Group, containers: Sequence[Container], lease_id: str) -> Undo:
        """Its data become part of the undo, beside `act` and `group`."""

    def inject(self, data: Data) -> None: ...

    def heal(self, data: Data) -> None: ...

    def in_force(self, data: Data) -> Proof: ...

    def gone(self, data: Data) -> Proof: ...
