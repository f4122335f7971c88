"""What one look at the machine showed, and what follows from it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OK = "ok"
    LIMITED = "limited"
    """Something works less well, or some faults cannot be done."""
    MISSING = "missing"
    BROKEN = "broken"
    """It is there and does not work, or it could not be looked at."""


class Group(StrEnum):
    MACHINE = "this machine"
    STACK = "what the stack is made of"
    CACHE = "the cache and this project"
    INJECTORS = "for injectors"


@dataclass(frozen=True)
class Finding:
    """`cannot` are kinds of fault that this rules out here; `blocks` says that the local stack cannot run with it."""

    subject: str
    group: Group
    state: State
    seen: str
    means: str = ""
    remedy: str = ""
    blocks: bool = False
    cannot: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        return self.state is State.OK

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def local_stack_can_run(findings: Iterable[Finding]) -> bool:
    return not any(finding.blocks for finding in findings)


def summary(findings: Sequence[Finding]) -> str:
    """`The local stack can run here. 1 kind of fault cannot: packet_loss.`"""
    if blocking := [finding.subject for finding in findings if finding.blocks]:
        return f"The local stack cannot run as things are: {', '.join(blocking)}."
    kinds = sorted({kind for finding in findings for kind in finding.cannot})
    if not kinds:
        return "The local stack can run here, and every kind of fault."
    noun = "kind of fault" if len(kinds) == 1 else "kinds of fault"
    return f"The local stack can run here. {len(kinds)} {noun} cannot: {', '.join(kinds)}."
