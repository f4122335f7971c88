"""Rules of a packet filter, each with the lease in its comment. All rules of a family come and go at once."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chaos_aura.containers.networks import Inside, ask
from chaos_aura.core.errors import TargetUnfit
from injectors.docker.network.mechanism import MARK

V4, V6 = "iptables", "ip6tables"
_HARMFUL = frozenset({"DROP", "REJECT"})
_TRIES = 3
_TURN_S = 1  # for the lock of the tables: with all else within `settle_s`, because it outlives who asked for it


@dataclass(frozen=True, slots=True)
class Rule:
    """`Rule("INPUT", "! -i lo -p tcp", "REJECT --reject-with tcp-reset")`"""

    chain: str
    match: str
    target: str
    family: str = V4

    @property
    def kind(self) -> tuple[str, str]:
        return self.chain, self.target.split()[0]


@dataclass(frozen=True, slots=True)
class Rules:
    """In the order in which the kernel asks them, before all that are there already."""

    lease: str
    rules: tuple[Rule, ...]

    @property
    def tools(self) -> tuple[str, ...]:
        return tuple(f"{family}-{verb}" for family in self._families for verb in ("save", "restore"))

    @property
    def _families(self) -> tuple[str, ...]:
        return tuple(sorted({rule.family for rule in self.rules}, reverse=True))

    @property
    def _mark(self) -> str:
        return f"{MARK}{self.lease}"

    def try_in(self, empty: Inside) -> None:
        self.apply(empty)

    def apply(self, inside: Inside) -> None:
        for family in self._families:
            wanted = [
                f"-I {rule.chain} {rule.match} -m comment --comment {self._mark} -j {rule.target}"
                for rule in reversed(self.rules)
                if rule.family == family
            ]
            _restore(inside, family, [*_deleting(self._ours(inside, family)), *wanted])

    def remove(self, inside: Inside) -> None:
        """Again where somebody has changed the table meanwhile: then nothing of what was asked for is done."""
        for family in self._families:
            for nth in range(1, _TRIES + 1):
                ours = self._ours(inside, family)
                if not ours:
                    break
                try:
                    _restore(inside, family, _deleting(ours))
                except TargetUnfit:
                    if nth == _TRIES:
                        raise

    def missing(self, inside: Inside) -> str:
        for family in self._families:
            wanted = Counter(rule.kind for rule in self.rules if rule.family == family)
            there = Counter(_kind(line) for line in self._ours(inside, family))
            if lacking := wanted - there:
                (chain, target), count = next(iter(lacking.items()))
                return f"{count} of its rules {chain} {target} of {family} not there"
        return ""

    def left(self, inside: Inside) -> str:
        lines = [line for family in self._families for line in self._ours(inside, family)]
        return f"{len(lines)} of its rules, the first: {lines[0]}" if lines else ""

    def others(self, inside: Inside) -> str:
        found = [
            line
            for family in self._families
            for line in _lines(inside, family)
            if not self._is_ours(line) and _kind(line)[1] in _HARMFUL
        ]
        return f"other rules: {', '.join(found[:3])}" if found else ""

    def by_hand(self) -> str:
        return "; ".join(
            f"{family}-save -t filter | grep -v {self._mark} | {family}-restore" for family in self._families
        )

    def __str__(self) -> str:
        return f"{len(self.rules)} rules of {' and '.join(self._families)} commented {self._mark}"

    def to_dict(self) -> Mapping[str, Any]:
        rows = [[rule.chain, rule.match, rule.target, rule.family] for rule in self.rules]
        return {"by": "rules", "lease": self.lease, "rules": rows}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Rules":
        return cls(str(row["lease"]), tuple(Rule(*map(str, each)) for each in row["rules"]))

    def _ours(self, inside: Inside, family: str) -> list[str]:
        return [line for line in _lines(inside, family) if self._is_ours(line)]

    def _is_ours(self, line: str) -> bool:
        words = shlex.split(line)
        return any(word == "--comment" and comment == self._mark for word, comment in pairwise(words))


def _lines(inside: Inside, family: str) -> Iterator[str]:
    done = ask(inside, (f"{family}-save", "-t", "filter"))
    if done.code:
        raise TargetUnfit(family, f"cannot be read: {done.last_line}", "see: dmesg")
    yield from (line.strip() for line in done.said.splitlines() if line.startswith("-A "))


def _kind(line: str) -> tuple[str, str]:
    words = shlex.split(line)
    target = words[words.index("-j") + 1] if "-j" in words else ""
    return words[1], target


def _deleting(lines: Sequence[str]) -> list[str]:
    return [f"-D {line.removeprefix('-A ')}" for line in lines]


def _restore(inside: Inside, family: str, lines: Sequence[str]) -> None:
    """The kernel takes all of them, or none."""
    given = "\n".join(("*filter", *lines, "COMMIT", ""))
    done = inside.run((f"{family}-restore", "-w", str(_TURN_S), "--noflush"), given)
    if done.code:
        why = f"the kernel or the program refused: {' '.join(done.said.split())[:300]}"
        raise TargetUnfit(f"{family} rules", why, "a kernel with xt_comment, xt_statistic and ipt_REJECT")
