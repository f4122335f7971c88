"""By whose programs a network is looked at and changed: this machine's, or those of an image.

The kernel keeps rules in two places, and each iptables knows one of them: `nf_tables` or `legacy`. Who looks in the
other one finds nothing, whatever is there. So what was changed one way is undone and proven the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaos_aura.containers.inside import Done

NF_TABLES, LEGACY = "nf_tables", "legacy"
_SAVE = "-save"


@dataclass(frozen=True, slots=True)
class Way:
    """`image`: its id, empty for this machine. `backends`: `{"iptables-save": "legacy"}`, of each that keeps rules."""

    image: str = ""
    backends: Mapping[str, str] = field(default_factory=dict)

    def by_hand(self, command: str) -> str:
        """For who has no such image: the machine's own programs, where theirs keep rules."""
        for tool, backend in self.backends.items() if self.image else ():
            family = tool.removesuffix(_SAVE)
            command = command.replace(f"{family}-", f"{family}-{'nft' if backend == NF_TABLES else LEGACY}-")
        return command

    def to_dict(self) -> dict[str, Any]:
        return {"image": self.image, "backends": dict(self.backends)}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Way":
        return cls(str(row["image"]), {str(tool): str(backend) for tool, backend in row["backends"].items()})


def keeping_rules(tools: Sequence[str]) -> tuple[str, ...]:
    """Those that must be asked where they keep them."""
    return tuple(tool for tool in tools if tool.endswith(_SAVE))


def backend_of(told: Done) -> str:
    """Of what it says to `--version`: `iptables-save v1.8.9 (nf_tables)`. Old ones know one place, and say none."""
    return NF_TABLES if NF_TABLES in told.said else LEGACY
