"""A partition: by rules where they can be put into its network, else by taking the container out of its networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from chaos_aura.containers.container import Container
from chaos_aura.containers.group import Group
from chaos_aura.containers.networks import Networks
from chaos_aura.core.errors import ChaosAuraError, MachineLacks
from chaos_aura.core.fault import Capability, Fault, Proof, Undo, no
from injectors.docker.act import Act, Data
from injectors.docker.network.disconnecting import Disconnecting
from injectors.docker.network.network_act import NetworkAct
from injectors.docker.network.partition import PartitionRecipe


@dataclass(frozen=True)
class Cutting:
    networks: Networks

    @cached_property
    def _by_rules(self) -> Act:
        return NetworkAct(self.networks, PartitionRecipe(self.networks.engine))

    @cached_property
    def _by_engine(self) -> Disconnecting:
        return Disconnecting(self.networks.engine)

    def can(self, fault: Fault, containers: Sequence[Container]) -> Capability:
        """What is missing for rules is said when the other way will not do either."""
        why_not = self._why_no_rules(fault, containers)
        if why_not is None or self._by_engine.can(fault, containers):
            return self._by_rules.can(fault, containers) if why_not is None else self._by_engine.can(fault, containers)
        other = self._by_engine.can(fault, containers).why
        return no(f"{why_not.where}: {why_not.why}; {other}", why_not.remedy)

    def writes(self, fault: Fault) -> str:
        return self._by_rules.writes(fault)

    def takes_s(self, fault: Fault) -> float:
        return self._by_rules.takes_s(fault)

    def prepare(self, fault: Fault, group: Group, containers: Sequence[Container], lease_id: str) -> Undo:
        why_not = self._why_no_rules(fault, containers)
        if why_not is None:
            return self._by_rules.prepare(fault, group, containers, lease_id)
        if not (able := self._by_engine.can(fault, containers)):
            raise MachineLacks(why_not.where, f"{why_not.why}; {able.why}", why_not.remedy)
        return self._by_engine.prepare(containers, f"no rules, because: {why_not.why}")

    def inject(self, data: Data) -> None:
        self._of(data).inject(data)

    def heal(self, data: Data) -> None:
        self._of(data).heal(data)

    def in_force(self, data: Data) -> Proof:
        return self._of(data).in_force(data)

    def gone(self, data: Data) -> Proof:
        return self._of(data).gone(data)

    def _of(self, data: Data) -> "Act | Disconnecting":
        return self._by_engine if "torn" in data else self._by_rules

    def _why_no_rules(self, fault: Fault, containers: Sequence[Container]) -> ChaosAuraError | None:
        """Only what this machine lacks: whatever else is wrong is wrong for both."""
        try:
            self._by_rules.can(fault, containers)
        except MachineLacks as cause:
            return cause
        return None
