"""What was fixed before a fault was injected: all that injecting, proving and healing need, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Edge
from chaos_aura.core.process import ProcessId
from injectors.toxiproxy.expecting import Baseline
from injectors.toxiproxy.sign import Sign
from injectors.toxiproxy.toxic import Toxic

_NORMALLY = 3  # times the baseline, or
_NOISE_MS = 10.0  # more than it: a round trip that is as usual on a busy machine


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """One proxy: the toxics it gets, or that it is disabled; how a round trip is before, and what it must show.

    `had_others`: somebody else's toxics were on it already. `proxy` is its name in Toxiproxy, and `speaks` what its
    service is.
    """

    name: str
    service: str
    scheme: str
    address: Address
    upstream: Address
    toxics: tuple[Toxic, ...]
    disables: bool
    baseline: Baseline
    sign: Sign
    had_others: bool
    proxy: str
    speaks: str

    @classmethod
    def of(cls, edge: Edge, toxics: tuple[Toxic, ...], disables: bool, baseline: Baseline, sign: Sign) -> "EdgePlan":
        return cls(
            name=edge.name,
            service=edge.service,
            scheme=edge.scheme,
            address=edge.address,
            upstream=edge.upstream,
            toxics=toxics,
            disables=disables,
            baseline=baseline,
            sign=sign,
            had_others=False,
            proxy=edge.proxy,
            speaks=edge.speaks,
        )

    @property
    def normal_ms(self) -> float:
        return _normal(self.baseline.answer_ms)

    @property
    def normal_end_ms(self) -> float:
        """0 where the end does not matter."""
        return _normal(self.baseline.end_ms) if self.baseline.end_ms >= 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "service": self.service,
            "scheme": self.scheme,
            "address": str(self.address),
            "upstream": str(self.upstream),
            "toxics": [toxic.to_dict() for toxic in self.toxics],
            "disables": self.disables,
            "baseline": {"answer_ms": self.baseline.answer_ms, "end_ms": self.baseline.end_ms},
            "sign": self.sign.to_dict(),
            "had_others": self.had_others,
            "proxy": self.proxy,
            "speaks": self.speaks,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "EdgePlan":
        return cls(
            str(row["name"]),
            str(row["service"]),
            str(row["scheme"]),
            Address.parse(row["address"]),
            Address.parse(row["upstream"]),
            tuple(Toxic.from_dict(toxic) for toxic in row["toxics"]),
            bool(row["disables"]),
            Baseline(float(row["baseline"]["answer_ms"]), float(row["baseline"]["end_ms"])),
            Sign.from_dict(row["sign"]),
            bool(row.get("had_others", True)),
            str(row.get("proxy", row["name"])),
            str(row.get("speaks", row["service"])),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """`process`: the Toxiproxy at that address when this was fixed; None when its supervisor could not tell.

    `container`: the one that it runs in, empty where it runs in none.
    """

    kind: str
    server: Address
    process: ProcessId | None
    edges: tuple[EdgePlan, ...]
    container: str = ""

    @property
    def server_has_ended(self) -> bool:
        return self.process is not None and not self.process.is_alive()

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "server": str(self.server),
            "process": str(self.process or ""),
            "edges": [edge.to_dict() for edge in self.edges],
            **({"container": self.container} if self.container else {}),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Plan":
        process = ProcessId.parse(row["process"]) if row["process"] else None
        edges = tuple(EdgePlan.from_dict(edge) for edge in row["edges"])
        return cls(str(row["kind"]), Address.parse(row["server"]), process, edges, str(row.get("container", "")))

    def by_hand(self) -> str:
        """The command that heals."""
        return "; ".join(command for edge in self.edges for command in _commands(self.server, edge))


def _normal(baseline_ms: float) -> float:
    return max(_NORMALLY * baseline_ms, baseline_ms + _NOISE_MS)


def _commands(server: Address, edge: EdgePlan) -> list[str]:
    proxy = f"http://{server}/proxies/{edge.proxy}"
    commands = [f"curl -sS -X DELETE {proxy}/toxics/{toxic.name}" for toxic in edge.toxics]
    return [*commands, f"curl -sS -X PATCH -d '{{\"enabled\":true}}' {proxy}"] if edge.disables else commands
