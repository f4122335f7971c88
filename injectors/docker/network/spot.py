"""One container's network, as it was when a fault was prepared: what goes into it, what will show that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.containers.way import Way
from injectors.docker.network.answered_names import AnsweredNames
from injectors.docker.network.both_ways import BothWays
from injectors.docker.network.flow import Delay, Loss, Pace
from injectors.docker.network.mechanism import Mechanism
from injectors.docker.network.passage import Passage, Refusal
from injectors.docker.network.queues import Queues
from injectors.docker.network.rules import Rules
from injectors.docker.network.sign import Sign
from injectors.docker.network.whole_peer import WholePeer

_MECHANISMS: Mapping[str, Callable[[Mapping[str, Any]], Mechanism]] = {
    "rules": Rules.from_dict,
    "queues": Queues.from_dict,
    "both ways": BothWays.from_dict,
}
_SIGNS: Mapping[str, Callable[..., Sign]] = {
    "passage": Passage,
    "refusal": Refusal,
    "loss": Loss,
    "delay": Delay,
    "pace": Pace,
    "names": AnsweredNames,
    "whole peer": WholePeer,
}


@dataclass(frozen=True, slots=True)
class Made:
    """`words`: what it does, for people."""

    mechanism: Mechanism
    signs: tuple[Sign, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Spot:
    """`life`: a container that was started again has another network. `unseen`: why some sign is not looked for.

    `way`: by whose programs it is changed, and only by those can it be healed and proven.
    """

    container: str
    name: str
    life: str
    mechanism: Mechanism
    signs: tuple[Sign, ...]
    unseen: tuple[str, ...]
    way: Way

    def to_dict(self) -> dict[str, Any]:
        return {
            "container": self.container,
            "name": self.name,
            "life": self.life,
            "mechanism": dict(self.mechanism.to_dict()),
            "signs": [dict(sign.to_dict()) for sign in self.signs],
            "unseen": list(self.unseen),
            "way": self.way.to_dict(),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Spot":
        return cls(
            str(row["container"]),
            str(row["name"]),
            str(row["life"]),
            _MECHANISMS[row["mechanism"]["by"]](row["mechanism"]),
            tuple(_sign(each) for each in row["signs"]),
            tuple(row["unseen"]),
            Way.from_dict(row["way"]),
        )


def _sign(row: Mapping[str, Any]) -> Sign:
    return _SIGNS[row["sign"]](**{key: value for key, value in row.items() if key != "sign"})
