"""How far faults may go in this project: the table `[limits]` of `chaos-aura.toml` beside `.chaos-aura/`.

[limits]
allowed_targets = ["*"]            # names or patterns: "redis", "worker.*"; "worker" means worker-2 and so on, too
forbidden_targets = ["temporal"]   # wins; forbids the edges into it, and faults that say that they hurt it
faults_at_once = 10
default_s = 30                     # how long a fault lasts when nobody says
longest_s = 600                    # also for what a fault may take until it is in force
"""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from chaos_aura.core.catalogue import Catalogue, Edge, Target
from chaos_aura.core.errors import BadInput, FaultRefused
from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import Lease
from chaos_aura.core.own_targets import TARGETS
from chaos_aura.core.project_file import EDGES, FILE, LIMITS, SERVICES, read_tables

_WILD = re.compile(r"[*?[]")
_NUMBER = re.compile(r"-\d+(?=\.|$)")  # of a member: worker-2, worker-2.redis


@dataclass(frozen=True, slots=True)
class Limits:
    allowed_targets: tuple[str, ...] = ("*",)
    forbidden_targets: tuple[str, ...] = ()
    faults_at_once: int = 10
    default_s: float = 30.0
    longest_s: float = 600.0
    file: str = FILE
    described: frozenset[str] = frozenset()  # targets that the file describes, for whichever stack

    @classmethod
    def of(cls, root: Path) -> "Limits":
        """Strict: a limit that is misspelt would not hold."""
        tables = read_tables(root)
        table = tables.get(LIMITS, {})
        path = root / FILE
        read = {key: _read(path, key, value) for key, value in table.items()}
        described = frozenset({*tables.get(SERVICES, {}), *tables.get(EDGES, {})})
        return cls(**read, file=str(path) if table else FILE, described=described)

    def lasts_s(self, asked_s: float | str | None) -> float:
        """How long a fault is to last. A text, as a substituted variable is one, must be a number."""
        lasts_s = min(self.default_s, self.longest_s) if asked_s is None else _seconds(asked_s)
        if not (math.isfinite(lasts_s) and lasts_s > 0):
            raise BadInput("duration", f"{asked_s!r} is no time that anything can last", "give seconds, such as 10")
        if lasts_s > self.longest_s:
            why = f"{lasts_s:g} s is longer than longest_s = {self.longest_s:g} in {self.file}"
            raise FaultRefused("duration", why, "ask for less, or change it there")
        return lasts_s

    def check_target(
        self, fault: Fault, target: Target, catalogue: Catalogue, hurts: Collection[str] = frozenset()
    ) -> None:
        """`hurts`: the services that it says it would hurt, which need not be its target."""
        self._refuse_misspelt(catalogue)
        names = _names(target, catalogue)
        for pattern in self.forbidden_targets:
            why = f"is forbidden: forbidden_targets has {pattern!r} in {self.file}"
            if _any(names, (pattern,)):
                raise FaultRefused(str(fault), f"{target.name} {why}", "choose another target, or change it there")
            if hurt := sorted(name for name in hurts if _any((name,), (pattern,))):
                raise FaultRefused(
                    str(fault), f"{hurt[0]}, which it hurts, {why}", "choose another, or change it there"
                )
        own = {target.name, target.service} if isinstance(target, Edge) else {target.name}
        if not _any(own, self.allowed_targets):
            why = f"{target.name} is not among allowed_targets in {self.file}"
            raise FaultRefused(str(fault), why, f"allowed are: {', '.join(self.allowed_targets) or 'none'}")

    def check_proving(self, fault: Fault, takes_s: float) -> None:
        """It may hurt all the while until it is in force: a process that was asked to end, and drains."""
        if takes_s > self.longest_s:
            longest = f"longest_s = {self.longest_s:g} in {self.file}"
            why = f"may take {takes_s:g} s until it is in force, longer than {longest}"
            numbers = [name for name, value in fault.parameters.items() if type(value) in (int, float)]
            asked = f"ask for less {' or '.join(numbers)}" if numbers else "choose another"
            raise FaultRefused(str(fault), why, f"{asked}, or change it there")

    def check_number(self, fault: Fault, open_leases: Collection[Lease]) -> None:
        if len(open_leases) >= self.faults_at_once:
            why = f"{len(open_leases)} faults are open, and faults_at_once = {self.faults_at_once} in {self.file}"
            raise FaultRefused(str(fault), why, "see: chaos-aura leases; end some: chaos-aura heal LEASE")

    def _refuse_misspelt(self, catalogue: Catalogue) -> None:
        """One file serves every stack of a project: wrong is only what none of them has. Wildcards may mean nothing."""
        there = (*(each.name for each in catalogue.services), *(each.name for each in catalogue.edges))
        known = {*there, *self.described, *TARGETS}
        for pattern in self.forbidden_targets:
            if not (_WILD.search(pattern) or _any(known, (pattern,))):
                where = f"{self.file}, [{LIMITS}] forbidden_targets"
                raise BadInput(where, f"{pattern!r} is no target, and would forbid nothing", _there_are(pattern, there))


def _there_are(pattern: str, names: Collection[str]) -> str:
    """Only who misspells a word needs what finds the nearest one."""
    from difflib import get_close_matches  # noqa: PLC0415

    nearest = get_close_matches(pattern, names, n=1)
    return f"{f'did you mean {nearest[0]!r}? ' if nearest else ''}there are: {', '.join(names)}"


def _names(target: Target, catalogue: Catalogue) -> set[str]:
    """All that a fault on it may reach."""
    if isinstance(target, Edge):
        return {target.name, target.service}
    return {target.name, *(edge.name for edge in catalogue.edges_into(target.name))}


def _any(names: Collection[str], patterns: tuple[str, ...]) -> bool:
    """A name without a number means every member of that name."""
    meant = {each for name in names for each in (name, _NUMBER.sub("", name))}
    return any(fnmatchcase(name, pattern) for name in meant for pattern in patterns)


def _seconds(asked_s: Any) -> float:
    if isinstance(asked_s, bool) or not isinstance(asked_s, int | float | str):
        return math.nan
    try:
        return float(asked_s)
    except (ValueError, OverflowError):
        return math.nan


def _read(path: Path, key: str, value: Any) -> Any:
    where = f"{path}, [{LIMITS}] {key}"
    match key:
        case "allowed_targets" | "forbidden_targets":
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise BadInput(where, f"is {value!r}", 'write a list of names or patterns: ["redis", "worker.*"]')
            return tuple(value)
        case "faults_at_once":
            if type(value) is not int or value < 0:
                raise BadInput(where, f"is {value!r}", "write a whole number, 0 or more")
            return value
        case "default_s" | "longest_s":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise BadInput(where, f"is {value!r}", "write a number of seconds, more than 0")
            return float(value)
    known = "allowed_targets, forbidden_targets, faults_at_once, default_s, longest_s"
    raise BadInput(where, "is no limit", f"there are: {known}")
