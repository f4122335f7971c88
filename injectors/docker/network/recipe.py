"""What each kind of fault in a container's network has to say for itself."""

from typing import Protocol

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import Inside
from chaos_aura.core.fault import Fault
from injectors.docker.network.spot import Made


class Recipe(Protocol):
    def writes(self, fault: Fault) -> str: ...

    def tools(self, fault: Fault, container: Container) -> tuple[str, ...]:
        """To look, and to do."""

    def make(self, fault: Fault, container: Container, lease_id: str, inside: Inside) -> Made:
        """No effect. TargetUnfit when this container is not as it must be."""
