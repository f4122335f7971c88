"""What the council said of one request."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaos_aura.platform.model import Vote


@dataclass(frozen=True, slots=True)
class Ballot:
    """`absent` names each agent that was asked and has no vote, with the reason."""

    votes: tuple[Vote, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
