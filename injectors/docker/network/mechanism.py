"""What is put into the network of one container, and taken out again. All of it is plain data."""

from collections.abc import Mapping
from typing import Any, Protocol

from chaos_aura.containers.networks import Inside

MARK = "chaos-aura:"


class Mechanism(Protocol):
    """Only what bears its lease is ever removed."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Programs that it needs."""

    def try_in(self, empty: Inside) -> None:
        """The same where nobody is. TargetUnfit says why the kernel cannot."""

    def apply(self, inside: Inside) -> None:
        """Once only, however often it is asked for."""

    def remove(self, inside: Inside) -> None:
        """Whatever is there of it, all or a part; nothing is success."""

    def missing(self, inside: Inside) -> str:
        """What is not as it was made; empty when all is there."""

    def left(self, inside: Inside) -> str:
        """What of it is there; empty when nothing is."""

    def others(self, inside: Inside) -> str:
        """What else there hurts what passes, which is not ours."""

    def by_hand(self) -> str:
        """The shell command that removes it, run in that network."""

    def to_dict(self) -> Mapping[str, Any]: ...
