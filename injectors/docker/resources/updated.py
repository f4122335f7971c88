"""A limit that the engine can change while a container runs. It stays with the container when that is started anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, no
from injectors.docker.one import Data, Known, Part, refuse_another_life

Setting = Mapping[str, int]
_SWAP = "MemorySwap"


@dataclass(frozen=True, slots=True)
class Change:
    """In the engine's words: `Change({"CpuQuota": 20000}, [{"CpuQuota": -1}], 20)`. What was there comes back in steps.

    `limit` is what the kernel is to say while it is in force.
    """

    new: Setting
    former: Sequence[Setting]
    limit: int
    options: str = ""  # as `docker update` takes the former ones


@dataclass(frozen=True, slots=True)
class Reading:
    """`limit`: None where there is none. `effect` and `facts`: how hard it bites."""

    limit: int | None
    effect: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Resource(Protocol):
    name: ClassVar[str]
    parameter: ClassVar[str]  # that tells how much

    def change(self, fault: Fault, now: Container) -> Change:
        """TargetUnfit when it would take nothing, or more than can be taken."""

    def read(self, now: Container) -> Reading:
        """From the kernel."""

    def shown(self, limit: int | None) -> str:
        """With its unit."""


@dataclass(frozen=True)
class Updated:
    engine: Engine
    resource: Resource

    @property
    def written(self) -> str:
        return self.resource.name

    @property
    def hurts_target(self) -> bool:
        return bool(getattr(self.resource, "hurts_target", True))

    def can(self, fault: Fault, now: Container) -> Capability:
        """Also whether what the kernel does then can be read: where it can, only what was asked for is in the way."""
        try:
            self.resource.read(now)
        except ChaosAuraError as cause:
            return no(f"{cause.where} {cause.why}", cause.remedy)
        try:
            self.resource.change(fault, now)
        except ChaosAuraError as cause:
            return no(f"{cause.where} {cause.why}", cause.remedy, depends_on=self.resource.parameter)
        return YES

    def takes_s(self, fault: Fault) -> float:
        return 0.0

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        change, before = self.resource.change(fault, now), self.resource.read(now)
        data = {"new": dict(change.new), "former": [dict(step) for step in change.former], "limit": change.limit}
        shown = f"{self.resource.shown(before.limit)} -> {self.resource.shown(change.limit)}"
        touches = (f"{self.resource.name} of container {now.name}: {shown}",)
        return Part(data, touches, f"docker update {change.options} {now.name}")

    def inject(self, known: Known, now: Container, data: Data) -> None:
        refuse_another_life(known, now)
        self.engine.order(f"containers/{known.id}/update", data["new"])

    def heal(self, known: Known, now: Container, data: Data) -> None:
        """Another value is somebody else's by now."""
        if self._is_ours(now, data) or self._is_kept(now, data):
            for step in data["former"]:
                self.engine.order(f"containers/{known.id}/update", step)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        if not now.is_running:
            return Proof(False, f"is {now.status.value}")
        if not self._is_ours(now, data):
            return Proof(False, f"has another {self.resource.name}, as its engine says")
        found = self.resource.read(now)
        seen = f"{self.resource.name} reads {self.resource.shown(found.limit)}; {found.effect}"
        return Proof(found.limit == data["limit"], seen, found.facts)

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        if self._is_ours(now, data):
            return Proof(False, f"{self.resource.name} is still {self.resource.shown(data['limit'])}")
        if not now.is_running:
            return Proof(True, f"is {now.status.value}, and will be started without it")
        found = self.resource.read(now)
        seen = f"{self.resource.name} reads {self.resource.shown(found.limit)}"
        return Proof(found.limit != data["limit"], seen, found.facts)

    def _is_ours(self, now: Container, data: Data) -> bool:
        return is_set(now, data["new"])

    def _is_kept(self, now: Container, data: Data) -> bool:
        """By the kernel, although its engine says otherwise: whoever healed it died in between."""
        return now.is_running and self.resource.read(now).limit == data["limit"]


def is_set(now: Container, setting: Setting) -> bool:
    """As its engine says. Where the kernel does not count swap, that takes no limit of it."""
    return all(now.host_config.get(name) == value for name, value in setting.items() if name != _SWAP)


def refuse_no_less(now: Container, name: str, present: str) -> TargetUnfit:
    return TargetUnfit(now.name, f"{name} is {present} already: that would take nothing", "ask for less")
