"""Which fault can be injected into which target by which injector, and why not the others."""

from dataclasses import dataclass, field
from typing import Any

from chaos_aura.core.catalogue import Catalogue, Edge, Target
from chaos_aura.core.fault import YES, Capability, Fault, no
from chaos_aura.core.kind import Kind, Parameter, Value
from chaos_aura.faults.registry import NOT_INSTALLED, Registry, capability_of, what_it_needs, worth_telling


@dataclass(frozen=True, slots=True)
class Possibility:
    """Of one kind. `by_injector`: the targets that each can hurt; `refused`: by target, then by injector, of those that
    nobody can. `depending`: by injector, then by parameter, those whom another value than the one that was asked with
    may hurt. `missing`: why there is nobody at all."""

    kind: Kind
    by_injector: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, dict[str, Capability]] = field(default_factory=dict)
    depending: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    edges: frozenset[str] = frozenset()
    missing: Capability = YES

    @property
    def summary(self) -> str:
        """`toxiproxy: redis, neo4j and every edge; docker, depends on limit: kafka`"""
        if not self.missing:
            return _cannot(self.missing)
        can = [
            f"{injector}: {_listed(targets, self.edges)}" for injector, targets in self.by_injector.items() if targets
        ]
        if can or self.depending:
            return "; ".join([*can, *self.dependences])
        if not self.refused:
            return f"by {', '.join(self.by_injector)}"
        return _cannot(next(iter(next(iter(self.refused.values())).values())))

    @property
    def dependences(self) -> list[str]:
        """`docker, depends on limit: redis, kafka`"""
        return [
            f"{injector}, depends on {parameter}: {_listed(targets, self.edges)}"
            for injector, by_parameter in self.depending.items()
            for parameter, targets in by_parameter.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        refused = {
            target: {name: _refusal(each) for name, each in refusals.items()}
            for target, refusals in self.refused.items()
        }
        return {
            "kind": self.kind.name,
            "sentence": self.kind.sentence,
            "parameters": [parameter.describe() for parameter in self.kind.parameters],
            "by_injector": self.by_injector,
            "depending": self.depending,
            "refused": refused,
            "missing": None if self.missing else {"why": self.missing.why, "remedy": self.missing.remedy},
        }


def possibilities(registry: Registry, catalogue: Catalogue | None, only: str | None = None) -> list[Possibility]:
    """Of what some injector does. Without a catalogue no target is known, and only the injectors are told."""
    targets: tuple[Target, ...] = (*catalogue.services, *catalogue.edges) if catalogue else ()
    chosen = [kind for name, kind in registry.kinds.items() if name in registry.done and only in (None, name)]
    return [_of(registry, kind, targets) for kind in chosen]


def not_installed(registry: Registry, only: str | None = None) -> list[Possibility]:
    """Of what people have a word for, and no injector here does."""
    chosen = [kind for name, kind in registry.kinds.items() if name not in registry.done and only in (None, name)]
    return [Possibility(kind, missing=no(NOT_INSTALLED, what_it_needs(kind))) for kind in chosen]


def _of(registry: Registry, kind: Kind, targets: tuple[Target, ...]) -> Possibility:
    injectors = [injector for injector in registry.injectors if kind.name in injector.kinds]
    edges = frozenset(target.name for target in targets if isinstance(target, Edge))
    row = Possibility(kind, {injector.name: [] for injector in injectors}, edges=edges)
    for target in targets:
        fault = Fault(kind.name, target.name, sample_of(kind), 1.0)
        answers = {injector.name: capability_of(injector, fault, target) for injector in injectors}
        for name, answer in answers.items():
            if answer:
                row.by_injector[name].append(target.name)
            elif answer.depends_on:
                row.depending.setdefault(name, {}).setdefault(answer.depends_on, []).append(target.name)
        if not any(answers.values()):
            row.refused[target.name] = worth_telling(answers)
    return row


def _refusal(why: Capability) -> dict[str, str]:
    return {
        "why": why.why,
        "remedy": why.remedy,
        **({"depends_on": why.depends_on} if why.depends_on else {}),
    }


def _cannot(why: Capability) -> str:
    return f"cannot: {why.why}" + (f" ({why.remedy})" if why.remedy else "")


def _listed(targets: list[str], edges: frozenset[str]) -> str:
    if edges <= set(targets) and len(edges) > 1:
        services = ", ".join(target for target in targets if target not in edges)
        return f"{services} and every edge" if services else "every edge"
    return ", ".join(targets)


def sample_of(kind: Kind) -> dict[str, Value]:
    """The list speaks of the kind, so it asks with what is possible wherever the kind is: no extremes."""
    return {parameter.name: _value(parameter) for parameter in kind.parameters}


def _value(parameter: Parameter) -> Value:
    given = parameter.default if parameter.sample is None else parameter.sample
    if given is not None:
        return given
    if parameter.choices:
        return parameter.choices[0]
    if parameter.type is str:
        return "sample"
    if parameter.type is bool:
        return False
    least = 1 if parameter.least is None else max(1, parameter.least)
    return parameter.read(least if parameter.most is None else min(least, parameter.most))
