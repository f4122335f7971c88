"""Which packets rules mean: which way, with whom, and never those that stay inside the container."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.kinds import BOTH, FROM_SERVICE, TO_SERVICE
from injectors.docker.network.rules import V4, V6, Rule

_CHAINS = {TO_SERVICE: ("INPUT", "! -i lo", "-s"), FROM_SERVICE: ("OUTPUT", "! -o lo", "-d")}
# What a refusal answers with must get out, or nobody hears of it.
_UNREACHABLE = {V4: "-p icmp -m icmp --icmp-type 3", V6: "-p ipv6-icmp -m icmp6 --icmpv6-type 1"}


@dataclass(frozen=True, slots=True)
class Passing:
    """`peers`: addresses; none means everybody."""

    directions: tuple[str, ...]
    families: tuple[str, ...]
    peers: tuple[str, ...] = ()

    def dropped(self, match: str = "") -> tuple[Rule, ...]:
        return tuple(
            Rule(chain, _joined(path, match), "DROP", family)
            for direction in self.directions
            for chain, path, family in self._paths(direction)
        )

    def refused(self) -> tuple[Rule, ...]:
        answers = self.directions == (TO_SERVICE, FROM_SERVICE)
        return tuple(
            rule
            for direction in self.directions
            for chain, path, family in self._paths(direction)
            for rule in (
                *(_answering(chain, path, family) if answers and direction == FROM_SERVICE else ()),
                Rule(chain, f"{path} -p tcp -m tcp", "REJECT --reject-with tcp-reset", family),
                Rule(chain, path, "REJECT", family),
            )
        )

    def _paths(self, direction: str) -> Sequence[tuple[str, str, str]]:
        chain, beyond_loopback, with_whom = _CHAINS[direction]
        if not self.peers:
            return [(chain, beyond_loopback, family) for family in self.families]
        return [
            (chain, f"{with_whom} {peer} {beyond_loopback}", family)
            for peer in self.peers
            if (family := family_of(peer)) in self.families
        ]


def directions_of(direction: str) -> tuple[str, ...]:
    return (TO_SERVICE, FROM_SERVICE) if direction == BOTH else (direction,)


def family_of(address: str) -> str:
    return V6 if ":" in address else V4


def families_of(container: Container) -> tuple[str, ...]:
    """Those in which it has an address."""
    rows = container.document["NetworkSettings"].get("Networks") or {}
    return (V4, V6) if any(row.get("GlobalIPv6Address") for row in rows.values()) else (V4,)


def addresses_of(container: Container) -> dict[str, str]:
    """Each with the id of the network in which it is that."""
    rows = container.document["NetworkSettings"].get("Networks") or {}
    found: dict[str, str] = {}
    for row in rows.values():
        for key in ("IPAddress", "GlobalIPv6Address"):
            if address := row.get(key):
                found[str(address)] = str(row.get("NetworkID") or "")
    return found


def one_of_each_family(addresses: Iterable[str]) -> tuple[str, ...]:
    """The first."""
    return tuple({family_of(address): address for address in reversed(list(addresses))}.values())


def _answering(chain: str, path: str, family: str) -> tuple[Rule, ...]:
    return (
        Rule(chain, f"{path} -p tcp -m tcp --tcp-flags RST RST", "ACCEPT", family),
        Rule(chain, f"{path} {_UNREACHABLE[family]}", "ACCEPT", family),
    )


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def rule_tools(container: Container) -> tuple[str, ...]:
    return tuple(f"{family}-{verb}" for family in families_of(container) for verb in ("save", "restore"))


def refuse_without_network(container: Container) -> None:
    if not addresses_of(container):
        raise TargetUnfit(container.name, "is in no network", "connect it to one, or choose another service")
