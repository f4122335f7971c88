"""A fault as somebody asks for it, and what its mechanism says of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from chaos_aura.core.kind import Value


@dataclass(frozen=True, slots=True)
class Fault:
    """`Fault("latency", "worker.neo4j", {"latency_ms": 200.0, ...}, lasts_s=10)`; parameters are read and complete."""

    kind: str
    target: str
    parameters: Mapping[str, Value]
    lasts_s: float

    def __str__(self) -> str:
        return f"{self.kind} of {self.target}"

    def number(self, name: str) -> float:
        value = self.parameters[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} is {value!r}, not a number")
        return value

    def text(self, name: str) -> str:
        return str(self.parameters[name])

    def flag(self, name: str) -> bool:
        return bool(self.parameters[name])

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "target": self.target, "parameters": dict(self.parameters), "lasts_s": self.lasts_s}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Fault":
        return cls(str(row["kind"]), str(row["target"]), dict(row["parameters"]), float(row["lasts_s"]))


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether it can be done here; when not, why, and what would make it possible.

    `depends_on`: the parameter whose value was too much, too little or unknown here, where another one may do.
    `left_to`: the injector whose matter such a target is; where that says why it cannot, this one need not be heard.
    """

    can: bool
    why: str = ""
    remedy: str = ""
    depends_on: str = ""
    left_to: str = ""

    def __bool__(self) -> bool:
        return self.can


YES = Capability(can=True)


def no(why: str, remedy: str = "", *, depends_on: str = "", left_to: str = "") -> Capability:
    return Capability(can=False, why=why, remedy=remedy, depends_on=depends_on, left_to=left_to)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a fault writes, whom it hurts, and who must be well for its healing.

    Two faults that write the same are refused: `writes` names each thing as people would ("pace of edge worker.neo4j").
    `hurts` and `needs` are names of services: a lease that needs what another one hurts waits for it.
    """

    writes: frozenset[str]
    hurts: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        return {key: sorted(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Footprint":
        return cls(frozenset(row["writes"]), frozenset(row["hurts"]), frozenset(row["needs"]))


@dataclass(frozen=True, slots=True)
class Undo:
    """Plain data, all that proving and healing will need, in any process and with the stack down.

    `touches` says for people what injecting will do. `by_hand` is the command that heals when nothing else does.
    """

    data: Mapping[str, Any]
    touches: tuple[str, ...] = ()
    by_hand: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"data": dict(self.data), "touches": list(self.touches), "by_hand": self.by_hand}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Undo":
        return cls(dict(row["data"]), tuple(row["touches"]), str(row["by_hand"]))


@dataclass(frozen=True, slots=True)
class Proof:
    """What was observed on the thing itself. `holds` answers the question that was asked: in force, or gone.

    `seen` is for people: "answer after 212 ms, 1.1 ms before". `facts` go onto the timeline as they are.
    """

    holds: bool
    seen: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.holds
