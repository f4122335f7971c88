"""Which fault can be injected into which target by which injector, and why not the others."""

from dataclasses import dataclass, field
from typing import Any

from chaos_aura.core.catalogue import Catalogue, Edge, Target
from chaos_aura.core.fault import Capability, Fault
from chaos_aura.core.kind import Kind, Parameter, Value
from chaos_aura.faults.registry import Registry, capability_of


@dataclass(frozen=True, slots=True)
class Possibility:
    """Of one kind. `by_injector`: the targets that each can hurt; `refused`: by target, then by injector, of those that
    nobody can."""

    kind: Kind
    by_injector: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, dict[str, Capability]] = field(default_factory=dict)
    edges: frozenset[str] = frozenset()

    @property
    def summary(self) -> str:
        """`toxiproxy: redis, neo4j and every edge`"""
        can = [
            f"{injector}: {_listed(targets, self.edges)}" for injector, targets in self.by_injector.items() if targets
        ]
        if not self.by_injector or can:
            return "; ".join(can) or "by nobody"
        if not self.refused:
            return f"by {', '.join(self.by_injector)}"
        why = next(iter(next(iter(self.refused.values())).values()))
        return f"cannot: {why.why}" + (f" ({why.remedy})" if why.remedy else "")

    def to_dict(self) -> dict[str, Any]:
        refused = {
            target: {name: {"why": each.why, "remedy": each.remedy} for name, each in refusals.items()}
            for target, refusals in self.refused.items()
        }
        return {
            "kind": self.kind.name,
            "sentence": self.kind.sentence,
            "parameters": [parameter.describe() for parameter in self.kind.parameters],
            "by_injector": self.by_injector,
            "refused": refused,
        }


def possibilities(registry: Registry, catalogue: Catalogue | None, only: str | None = None) -> list[Possibility]:
    """Without a catalogue no target is known, and only the injectors are told."""
    targets: tuple[Target, ...] = (*catalogue.services, *catalogue.edges) if catalogue else ()
    return [_of(registry, kind, targets) for name, kind in registry.kinds.items() if only in (None, name)]


def _of(registry: Registry, kind: Kind, targets: tuple[Target, ...]) -> Possibility:
    injectors = [injector for injector in registry.injectors if kind.name in injector.kinds]
    edges = frozenset(target.name for target in targets if isinstance(target, Edge))
    row = Possibility(kind, {injector.name: [] for injector in injectors}, edges=edges)
    for target in targets:
        fault = Fault(kind.name, target.name, _sample(kind), 1.0)
        answers = {injector.name: capability_of(injector, fault, target) for injector in injectors}
        for name, answer in answers.items():
            if answer:
                row.by_injector[name].append(target.name)
        if not any(answers.values()):
            row.refused[target.name] = answers
    return row


def _listed(targets: list[str], edges: frozenset[str]) -> str:
    if edges <= set(targets) and len(edges) > 1:
        services = ", ".join(target for target in targets if target not in edges)
        return f"{services} and every edge" if services else "every edge"
    return ", ".join(targets)


def _sample(kind: Kind) -> dict[str, Value]:
    """What one could say where something must be said."""
    return {parameter.name: _value(parameter) for parameter in kind.parameters}


def _value(parameter: Parameter) -> Value:
    if parameter.default is not None:
        return parameter.default
    if parameter.choices:
        return parameter.choices[0]
    if parameter.type is str:
        return "sample"
    return parameter.read(parameter.most if parameter.most is not None else parameter.least or 0)
