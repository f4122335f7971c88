"""All injectors that are installed, ours and strangers', found by entry point."""

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
        """Every word that some injector knows."""
        own = {kind.name: kind for injector in self.injectors for kind in own_kinds(injector)}
        known = {**KINDS, **own}
        done = {name for injector in self.injectors for name in injector.kinds}
        return {name: kind for name, kind in known.items() if name in done}

    def kind(self, name: str) -> Kind:
        if name in self.kinds:
            return self.kinds[name]
        if name in KINDS:
            raise FaultImpossible(name, "no injector for it is installed", "run: chaos-aura faults")
        raise BadInput(name or "(empty kind)", "no such kind of fault", f"there are: {', '.join(self.kinds)}")

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
        refusals = []
        for injector in candidates:
            capability = capability_of(injector, fault, target)
            if capability:
                return injector
            refusals.append((injector.name, capability))
        raise _impossible(fault, refusals)


def capability_of(injector: Injector, fault: Fault, target: Target) -> Capability:
    """An injector that cannot even say cannot."""
    if fault.kind not in injector.kinds:
        return no(f"does not know {fault.kind}", f"it knows: {', '.join(sorted(injector.kinds))}")
    try:
        return bordered(injector.name, "can", lambda: injector.can(fault, target))
    except ChaosAuraError as cause:
        return no(cause.why, cause.remedy)


def _impossible(fault: Fault, refusals: list[tuple[str, Capability]]) -> FaultImpossible:
    why = "; ".join(f"{name}: {capability.why}" for name, capability in refusals)
    remedy = " or ".join(dict.fromkeys(capability.remedy for _, capability in refusals if capability.remedy))
    return FaultImpossible(str(fault), why, remedy)
