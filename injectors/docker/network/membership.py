"""A container's place in one network, with all that it was given there, so that it can be given back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.core.errors import TargetUnfit

_SHORT_ID = 12
_DEFAULT = "bridge"  # it knows neither names nor addresses that somebody asks for


@dataclass(frozen=True, slots=True)
class Membership:
    """Of one container in one network, with all that it was given there. `address` is where it was met.

    `asked`, `asked_v6`: what somebody wants it to have. Asked for what came by chance, it would stay so.
    """

    network: str
    name: str
    aliases: tuple[str, ...]
    links: tuple[str, ...]
    address: str
    asked: str
    asked_v6: str

    @classmethod
    def of(cls, container: Container, name: str, row: Mapping[str, Any]) -> "Membership":
        own = name != _DEFAULT
        aliases = tuple(each for each in row.get("Aliases") or () if each != container.id[:_SHORT_ID]) if own else ()
        address, wanted = str(row.get("IPAddress") or "") if own else "", (row.get("IPAMConfig") or {}) if own else {}
        v4, v6 = (str(wanted.get(key) or "") for key in ("IPv4Address", "IPv6Address"))
        return cls(str(row["NetworkID"]), name, aliases, tuple(row.get("Links") or ()), address, v4, v6)

    def to_dict(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "name": self.name,
            "aliases": list(self.aliases),
            "links": list(self.links),
            "address": self.address,
            "asked": self.asked,
            "asked_v6": self.asked_v6,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Membership":
        return cls(
            str(row["network"]),
            str(row["name"]),
            tuple(row["aliases"]),
            tuple(row["links"]),
            str(row["address"]),
            str(row["asked"]),
            str(row["asked_v6"]),
        )

    def connect(self, engine: Engine, container: str) -> None:
        """With the address that it is to have, where the network still lets anybody ask for it."""
        try:
            self._connect(engine, container, self.asked, self.asked_v6)
        except NoSuchContainer:
            raise
        except TargetUnfit as cause:
            if "already exists" in cause.why:
                return
            self._connect(engine, container, "", "")

    def _connect(self, engine: Engine, container: str, v4: str, v6: str) -> None:
        links = dict(link.partition(":")[::2] for link in self.links)
        with engine.talking(container):
            engine.api.connect_container_to_network(
                container,
                self.network,
                ipv4_address=v4 or None,
                ipv6_address=v6 or None,
                aliases=list(self.aliases) or None,
                links=links or None,
            )

    def by_hand(self, container: str) -> str:
        words = ["docker network connect", *(f"--alias {alias}" for alias in self.aliases)]
        words += [f"{word} {asked}" for word, asked in (("--ip", self.asked), ("--ip6", self.asked_v6)) if asked]
        return " ".join([*words, self.name, container])
