"""What shows in a container's network that it is hurt, and that it is well: packets of our own, sent and awaited."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import Networks
from chaos_aura.core.fault import Proof


@dataclass(frozen=True, slots=True)
class Field:
    """Where signs are looked for."""

    networks: Networks
    container: Container


class Sign(Protocol):
    """One that cannot be looked for just now says so, and holds: reading back must do then."""

    def hurt(self, field: Field) -> Proof: ...

    def well(self, field: Field) -> Proof: ...

    def to_dict(self) -> Mapping[str, Any]: ...
