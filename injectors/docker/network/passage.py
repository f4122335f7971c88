"""Signs of a path that is cut: a datagram does not arrive, a connection is refused."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import Proof
from chaos_aura.core.kinds import TO_SERVICE
from injectors.docker.network.ends import Path
from injectors.docker.network.sign import Field

_SILENT_S = 0.05
_ARRIVES_S = 0.5


@dataclass(frozen=True, slots=True)
class Passage:
    """`is_open`: the other way of a partition that is one-way, or another peer's: it must stay well."""

    address: str
    direction: str
    peer: str = ""
    whom: str = "this machine"
    is_open: bool = False

    def hurt(self, field: Field) -> Proof:
        if self.is_open:
            return self.well(field)
        return self._looked(field, _SILENT_S, arrives=False)

    def well(self, field: Field) -> Proof:
        return self._looked(field, _ARRIVES_S, arrives=True)

    def to_dict(self) -> Mapping[str, Any]:
        return {"sign": "passage", **asdict(self)}

    def _looked(self, field: Field, within_s: float, *, arrives: bool) -> Proof:
        try:
            with Path(self.address, self.peer).datagrams(field, self.direction) as datagrams:
                after_s = datagrams.one(within_s)
        except (ChaosAuraError, OSError) as cause:
            return not_looked(self.words, cause, field)
        came = after_s >= 0
        told = f"arrived after {after_s * 1000:.1f} ms" if came else f"did not arrive within {within_s * 1000:.0f} ms"
        return Proof(came == arrives, f"a datagram {self.words} {told}")

    @property
    def words(self) -> str:
        return way(self.direction, self.address, self.whom)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Of connections that are begun from that side."""

    address: str
    direction: str
    peer: str = ""
    whom: str = "this machine"

    def hurt(self, field: Field) -> Proof:
        return self._looked(field, _ARRIVES_S, "refused")

    def well(self, field: Field) -> Proof:
        return self._looked(field, _ARRIVES_S, "connected")

    def to_dict(self) -> Mapping[str, Any]:
        return {"sign": "refusal", **asdict(self)}

    def _looked(self, field: Field, within_s: float, wanted: str) -> Proof:
        words = way(self.direction, self.address, self.whom)
        try:
            outcome = Path(self.address, self.peer).connect(field, self.direction, within_s)
        except (ChaosAuraError, OSError) as cause:
            return not_looked(words, cause, field)
        return Proof(outcome == wanted, f"a connection {words}: {outcome}")


def way(direction: str, address: str, whom: str) -> str:
    return f"from {whom} to {address}" if direction == TO_SERVICE else f"from {address} to {whom}"


def not_looked(words: str, cause: Exception, field: Field) -> Proof:
    """Who has no path there learns nothing, so that nothing speaks against what was read back."""
    del field
    return Proof(True, f"{words} was not looked at: {cause}", {"not_looked": True})
