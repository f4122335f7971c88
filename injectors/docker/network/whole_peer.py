"""Sign that a fault with one peer reaches all of that peer: rules name addresses, and who comes later has others."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Proof
from injectors.docker.network.peers import peers_of
from injectors.docker.network.sign import Field


@dataclass(frozen=True, slots=True)
class WholePeer:
    peer: str
    addresses: Sequence[str]

    def hurt(self, field: Field) -> Proof:
        try:
            met = peers_of(field.networks.engine, field.container, self.peer)
        except TargetUnfit as cause:  # nobody is there to be spared
            return Proof(True, f"{cause.where} {cause.why}")
        spared = [f"{each.name} ({each.address})" for each in met if each.address not in self.addresses]
        if spared:
            return Proof(False, f"{', '.join(spared)} came since it was prepared, and is not hurt")
        return Proof(True, f"no other container of {self.peer} has come")

    def well(self, field: Field) -> Proof:
        del field
        return Proof(True, f"{self.peer} may come and go")

    def to_dict(self) -> Mapping[str, Any]:
        return {"sign": "whole peer", **asdict(self), "addresses": list(self.addresses)}
