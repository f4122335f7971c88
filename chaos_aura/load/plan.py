"""The plan of a load: what is asked of whom, at which rate, for how long. `load.json` of a run is one:

{"url": "http://127.0.0.1:21033", "tag": "01kb7q9x3m", "seed": 68576, "pattern": "constant",
 "phases": [{"name": "baseline", "lasts_s": 12, "from_per_s": 4.5, "to_per_s": 4.5}],
 "tenants": 8, "mix": {"gpu_types": {"t4": 20}, "counts": {"1": 7}, "priorities": {"normal": 1}},
 "hold_s": 1, "hours": 0.1, "timeout_s": 10, "canary_per_s": 20, "drain_s": 10}
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chaos_aura.core.address import Address
from chaos_aura.core.errors import BadInput
from chaos_aura.load.arrivals import Pattern, arrivals_ns
from chaos_aura.load.mix import Mix
from chaos_aura.load.shapes import Phase, lasts_s

PLAN = "load.json"
CANARY = "canary"
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z", re.ASCII)
_NS = 1e9
# Of each number: the least, the most.
_BOUNDS = {
    "seed": (-(2**63), 2**63),
    "tenants": (1, 10_000),
    "hold_s": (0, 3600),
    "hours": (0.001, 720),
    "timeout_s": (0.05, 600),
    "canary_per_s": (0, 1000),
    "drain_s": (0, 600),
}
_WHOLE = ("seed", "tenants")


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """`url` is where the API is met: the edge `load.api`. The last phase ends the load, unless it is stopped before.

    `hold_s` is how long a tenant keeps its GPUs, at most; `hours` what it asks for: not long, so that the platform soon
    takes back what a killed load has left. `drain_s` is how long an ending load waits for what is under way.
    """

    url: str
    tag: str
    phases: Sequence[Phase]
    seed: int
    pattern: Pattern = Pattern.CONSTANT
    tenants: int = 8
    mix: Mix = field(default_factory=Mix)
    hold_s: float = 1.0
    hours: float = 0.1
    timeout_s: float = 10.0
    canary_per_s: float = 20.0
    drain_s: float = 10.0

    def __post_init__(self) -> None:
        self.address  # noqa: B018 - it raises
        if not _TAG.match(self.tag):
            raise _wrong("tag", self.tag, "1 to 80 letters, digits, dots, dashes or underscores")
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise _wrong(name, value, f"a number from {least:g} to {most:g}")
        if self.hours * 3600 <= self.hold_s:
            raise _wrong("hours", self.hours, f"more than the {self.hold_s:g} s for which each is held")
        if not self.phases:
            raise _wrong("phases", [], "one phase or more")

    @property
    def address(self) -> Address:
        try:
            parts = urlsplit(self.url)
            if parts.scheme != "http" or parts.path.strip("/") or parts.query:
                raise ValueError(self.url)
            return Address.parse(parts.netloc)
        except ValueError as cause:
            raise _wrong("url", self.url, "http://HOST:PORT") from cause

    @property
    def lasts_s(self) -> float:
        return lasts_s(self.phases)

    def arrivals_ns(self, began_ns: int) -> list[int]:
        """When each is meant to begin, known before the first one comes."""
        return [began_ns + after_ns for after_ns in arrivals_ns(self.phases, self.pattern, self.seed)]

    def canaries_ns(self, began_ns: int) -> list[int]:
        steady = Phase(CANARY, self.lasts_s, self.canary_per_s, self.canary_per_s)
        return [began_ns + after_ns for after_ns in arrivals_ns([steady], Pattern.CONSTANT, self.seed)]

    def at(self, since_s: float) -> tuple[str, float]:
        """The phase, and how many a second are meant to come."""
        began_s = 0.0
        for phase in self.phases:
            if since_s < began_s + phase.lasts_s:
                share = max(0.0, since_s - began_s) / phase.lasts_s
                return phase.name, phase.from_per_s + share * (phase.to_per_s - phase.from_per_s)
            began_s += phase.lasts_s
        return self.phases[-1].name, 0.0

    def to_dict(self) -> dict[str, Any]:
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**told, "phases": [asdict(phase) for phase in self.phases], "mix": self.mix.to_dict()}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "LoadPlan":
        """Strict: a load that is half understood would measure something else. BadInput says which field is wrong."""
        if not isinstance(row, Mapping):
            raise _wrong("plan", row, "an object")
        known = [each.name for each in fields(cls)]
        if unknown := sorted(set(row) - set(known)):
            raise BadInput("load", f"{unknown[0]} is not known", f"there are: {', '.join(known)}")
        for name in ("url", "tag", "phases", "seed"):
            if name not in row:
                raise BadInput("load", f"{name} is missing", "every load has url, tag, phases and seed")
        return cls(**{name: _READ.get(name, _number)(name, value) for name, value in row.items()})

    def write(self, folder: Path) -> None:
        (folder / PLAN).write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "LoadPlan":
        try:
            return cls.from_dict(json.loads((folder / PLAN).read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError) as cause:
            raise BadInput(str(folder / PLAN), f"cannot be read ({cause})", "name the folder of a run") from cause


def _wrong(name: str, found: object, rule: str) -> BadInput:
    return BadInput("load", f"{name} is {found!r}", f"give {rule}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(name, value, "a number")
    if name in _WHOLE and not isinstance(value, int):
        raise _wrong(name, value, "a whole number")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(name, value, "a text")
    return value


def _pattern(name: str, value: Any) -> Pattern:
    try:
        return Pattern(value)
    except ValueError as cause:
        raise _wrong(name, value, f"one of: {', '.join(Pattern)}") from cause


def _phases(name: str, value: Any) -> tuple[Phase, ...]:
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise _wrong(name, value, "a list of phases")
    return tuple(_phase(each) for each in value)


def _phase(row: Mapping[str, Any]) -> Phase:
    if set(row) != {each.name for each in fields(Phase)}:
        raise _wrong("a phase", dict(row), "name, lasts_s, from_per_s, to_per_s")
    numbers = {name: float(_number(name, value)) for name, value in row.items() if name != "name"}
    return Phase(_text("the name of a phase", row["name"]), **numbers)


def _mix(name: str, value: Any) -> Mix:
    if not isinstance(value, Mapping):
        raise _wrong(name, value, "gpu_types, counts and priorities")
    return Mix.from_dict(value)


_READ: dict[str, Any] = {
    "url": _text,
    "tag": _text,
    "pattern": _pattern,
    "phases": _phases,
    "mix": _mix,
}
