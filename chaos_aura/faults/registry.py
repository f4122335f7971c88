"""All injectors that are installed, ours and strangers', found by entry point."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import BadInput, ChaosAuraError, FaultImpossible, PlugInBroken
from chaos_aura.core.fault import Capability, Fault, no
from chaos_aura.core.kind import Kind
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.border import bordered
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.injector import Injector
from chaos_aura.faults.plug_in import load_plug_in, own_kinds, rank

GROUP = "chaos_aura.injectors"
NOT_INSTALLED = "no injector for it is installed"


@dataclass(frozen=True)
class Registry:
    """A broken plug-in is told, and takes nothing from the others."""

    injectors: tuple[Injector, ...]
    broken: tuple[PlugInBroken, ...] = ()

    @classmethod
    def installed(cls, ground: Ground) -> "Registry":
        injectors: dict[str, Injector] = {}
        broken: list[PlugInBroken] = []
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
            try:
                if entry.name in injectors:
                    raise PlugInBroken(f"plug-in {entry.name} ({entry.value})", "its name is taken", "rename it")
                injectors[entry.name] = load_plug_in(entry, ground)
            except PlugInBroken as why:
                broken.append(why)
        return cls(tuple(sorted(injectors.values(), key=rank)), tuple(broken))

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Every word, also those that no injector here knows."""
        return {**KINDS, **{kind.name: kind for injector in self.injectors for kind in own_kinds(injector)}}

    @cached_property
    def done(self) -> frozenset[str]:
        """The words that some injector here knows."""
        return frozenset(name for injector in self.injectors for name in injector.kinds)

    def kind(self, name: str) -> Kind:
        """FaultImpossible when nobody does it."""
        if name not in self.kinds:
            known = ", ".join(each for each in self.kinds if each in self.done)
            raise BadInput(name or "(empty kind)", "no such kind of fault", f"there are: {known}")
        kind = self.kinds[name]
        if name not in self.done:
            raise FaultImpossible(name, NOT_INSTALLED, what_it_needs(kind))
        return kind

    def named(self, name: str) -> Injector:
        for injector in self.injectors:
            if injector.name == name:
                return injector
        for broken in self.broken:
            if broken.where.startswith(f"plug-in {name} "):
                raise broken
        known = ", ".join(injector.name for injector in self.injectors) or "none"
        raise BadInput(name or "(empty name)", "no such injector", f"there are: {known}")

    def choose(self, fault: Fault, target: Target, forced: str = "") -> Injector:
        """The first that can. FaultImpossible tells why each of the others cannot."""
        candidates = [self.named(forced)] if forced else [each for each in self.injectors if fault.kind in each.kinds]
        refusals: dict[str, Capability] = {}
        for injector in candidates:
            capability = capability_of(injector, fault, target)
            if capability:
                return injector
            refusals[injector.name] = capability
        raise _impossible(fault, worth_telling(refusals))


def what_it_needs(kind: Kind) -> str:
    """What would make possible what no injector does."""
    return kind.needs or f"install a plug-in that does it (entry point group {GROUP}), or mend the one that is broken"


def capability_of(injector: Injector, fault: Fault, target: Target) -> Capability:
    """An injector that cannot even say cannot."""
    if fault.kind not in injector.kinds:
        return no(f"does not know {fault.kind}", f"it knows: {', '.join(sorted(injector.kinds))}")
    try:
        return bordered(injector.name, "can", lambda: injector.can(fault, target))
    except ChaosAuraError as cause:
        return no(cause.why, cause.remedy)


def worth_telling(refusals: Mapping[str, Capability]) -> dict[str, Capability]:
    """Without those who leave it to one that has said itself why not: their advice leads to that."""
    return {name: each for name, each in refusals.items() if each.left_to == name or each.left_to not in refusals}


def _impossible(fault: Fault, refusals: Mapping[str, Capability]) -> FaultImpossible:
    why = "; ".join(f"{name}: {capability.why}" for name, capability in refusals.items())
    remedy = " or ".join(dict.fromkeys(capability.remedy for capability in refusals.values() if capability.remedy))
    return FaultImpossible(str(fault), why, remedy)
