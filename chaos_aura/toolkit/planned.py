"""What the actions of an experiment would do, without doing it: for the preflight, and for a dry run."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chaoslib import substitute

from chaos_aura.core.errors import BadInput, ChaosAuraError

if TYPE_CHECKING:
    from chaos_aura.core.fault import Fault
    from chaos_aura.toolkit.session import Session

_MODULE = "chaos_aura.toolkit.actions"
_NOT_FAULTS = {"heal", "heal_all", "drive_allocations", "stop_load"}
_OWN_WORDS = {"target", "duration", "injector"}


class Planned(NamedTuple):
    """One action of ours that injects, with its words as they will be."""

    name: str
    kind: str
    target: str
    duration: float
    injector: str
    parameters: Mapping[str, Any]

    def fault(self, session: "Session") -> "Fault":
        """BadInput when a word in it means nothing here."""
        session.ground.catalogue.target(self.target)
        if self.injector:
            session.registry.named(self.injector)
        return session.engine.fault(self.kind, self.target, self.parameters, self.duration or None)

    def would_touch(self, session: "Session") -> dict[str, Any]:
        try:
            plan = session.engine.plan(self.fault(session), self.injector)
        except ChaosAuraError as cause:
            return {**self._told, "wrong": str(cause)}
        return {**self._told, "injector": plan.injector.name, "touches": list(plan.touches)}

    def unknown(self, why: str) -> dict[str, Any]:
        """Of a stack that is not there: nobody knows, and nobody has refused it."""
        return {**self._told, "wrong": why, "unknown": True}

    @property
    def _told(self) -> dict[str, Any]:
        return {"kind": self.kind, "target": self.target, "parameters": dict(self.parameters)}


def is_ours(activity: Mapping[str, Any]) -> bool:
    provider = activity.get("provider", {})
    return bool(provider.get("type") == "python" and str(provider.get("module", "")).startswith(_MODULE))


def planned_faults(experiment: Mapping[str, Any], configuration: Any, secrets: Any) -> Iterator[Planned]:
    for activity in experiment.get("method", ()):
        if activity and "provider" in activity and is_ours(activity):
            planned = _planned(activity, configuration, secrets)
            if planned:
                yield planned


def _planned(activity: Mapping[str, Any], configuration: Any, secrets: Any) -> Planned | None:
    provider = activity["provider"]
    given = substitute(dict(provider.get("arguments") or {}), configuration, secrets) or {}
    verb, name = str(provider.get("func")), str(activity.get("name"))
    if verb in _NOT_FAULTS:
        return None
    kind, parameters = verb, {key: value for key, value in given.items() if key not in _OWN_WORDS}
    if verb == "inject":
        kind, parameters = str(given.get("kind", "")), given.get("parameters") or {}
    if "target" not in given:
        raise BadInput(f"action {name}", "names no target", "give it one")
    duration, injector = given.get("duration") or 0, str(given.get("injector", ""))
    return Planned(name, kind, str(given["target"]), duration, injector, parameters)
