"""Queues for what comes in and for what goes out, as if they were one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.containers.networks import Inside
from injectors.docker.network.mechanism import Mechanism
from injectors.docker.network.queues import Queues


@dataclass(frozen=True, slots=True)
class BothWays:
    """The same queue for what comes in and for what goes out."""

    parts: tuple[Queues, ...]

    @property
    def tools(self) -> tuple[str, ...]:
        return self.parts[0].tools

    def refuse_what_is_there(self, inside: Inside) -> None:
        for part in self.parts:
            part.refuse_what_is_there(inside)

    def try_in(self, empty: Inside) -> None:
        for part in self.parts:
            part.try_in(empty)

    def apply(self, inside: Inside) -> None:
        for part in self.parts:
            part.apply(inside)

    def remove(self, inside: Inside) -> None:
        for part in self.parts:
            part.remove(inside)

    def missing(self, inside: Inside) -> str:
        return next((missing for part in self.parts if (missing := part.missing(inside))), "")

    def left(self, inside: Inside) -> str:
        return ", ".join(left for part in self.parts if (left := part.left(inside)))

    def others(self, inside: Inside) -> str:
        return next((others for part in self.parts if (others := part.others(inside))), "")

    def by_hand(self) -> str:
        return "; ".join(part.by_hand() for part in self.parts)

    def __str__(self) -> str:
        return " and ".join(map(str, self.parts))

    def to_dict(self) -> Mapping[str, Any]:
        return {"by": "both ways", "parts": [dict(part.to_dict()) for part in self.parts]}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Mechanism:
        return cls(tuple(Queues.from_dict(part) for part in row["parts"]))
