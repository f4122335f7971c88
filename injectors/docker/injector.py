"""One class for the registry; each way to hurt a container is a file of its own."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from chaos_aura.core.catalogue import LOCAL, Edge, Target
from chaos_aura.core.errors import ChaosAuraError, StackDown
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.kind import Kind
from chaos_aura.faults.ground import Ground
from injectors.act_of import act_of
from injectors.docker.kinds import KINDS, OWN_KINDS

if TYPE_CHECKING:
    from chaos_aura.containers.container import Container
    from chaos_aura.containers.engine import Engine
    from chaos_aura.containers.group import Group
    from injectors.docker.act import Act


_IN_ONE = "run it in one: chaos-aura up --stack docker; or name its container in chaos-aura.toml"


class DockerInjector:
    """An order that a dead controller has sent may still be carried out: a pause was, in 21 of 60 tries."""

    name: ClassVar[str] = "docker"
    kinds: ClassVar[frozenset[str]] = KINDS
    own_kinds: ClassVar[tuple[Kind, ...]] = OWN_KINDS
    settle_s: ClassVar[float] = 2.0
    rank: ClassVar[int] = 1  # where there are edges, they are hurt: that spares all other paths

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._acts_of: dict[tuple[str, ...], dict[str, Act]] = {}

    @cached_property
    def _engine(self) -> "Engine":
        from chaos_aura.containers.engine import Engine  # noqa: PLC0415 - as below

        return Engine(self._ground.environ)

    @cached_property
    def _acts(self) -> "dict[str, Act]":
        return self._acts_by(self._engine)

    def _acts_by(self, engine: "Engine") -> "dict[str, Act]":
        from injectors.docker.acts import acts  # noqa: PLC0415 - dozens of modules, for who has containers

        return acts(self._ground, engine)

    def can(self, fault: Fault, target: Target) -> Capability:
        if isinstance(target, Edge):
            return no(f"{target.name} is an edge, not a container", f"aim at {target.service}")
        if not target.is_contained:
            return no(f"{target.name} does not run in a container", _IN_ONE)
        try:
            return self._acts[act_of(fault)].can(fault, self._meant(fault, target))
        except ChaosAuraError as cause:
            return no(f"{cause.where}: {cause.why}", cause.remedy)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """What is undone inside of a container needs one that runs: such acts say `needs_target`."""
        act, name = self._acts[act_of(fault)], target.name
        needs = frozenset({name}) if getattr(act, "needs_target", False) else frozenset()
        hurts = frozenset({name}) if getattr(act, "hurts_target", True) else frozenset()
        return Footprint(frozenset({f"{act.writes(fault)} of {name}"}), hurts, needs)

    def takes_s(self, fault: Fault) -> float:
        return self._acts[act_of(fault)].takes_s(fault)

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        group = _group(target)
        from chaos_aura.containers.kept_engine import kept  # noqa: PLC0415 - as above

        undo = self._acts[act_of(fault)].prepare(fault, group, self._meant(fault, target), lease_id)
        known = {"act": act_of(fault), "group": group.to_dict(), "service": target.name, "engine": kept(self._engine)}
        return replace(undo, data={**undo.data, **known})

    def inject(self, undo: Undo) -> None:
        self._act(undo).inject(undo.data)

    def heal(self, undo: Undo) -> None:
        self._act(undo).heal(undo.data)

    def in_force(self, undo: Undo) -> Proof:
        return self._act(undo).in_force(undo.data)

    def gone(self, undo: Undo) -> Proof:
        return self._act(undo).gone(undo.data)

    def warm_up(self) -> None:
        """Docker's client takes half a second to load; a stack without containers needs none."""
        with suppress(StackDown):
            if self._ground.catalogue.stack != LOCAL:
                import docker  # noqa: F401, PLC0415

                len(self._acts)

    def _act(self, undo: Undo) -> "Act":
        """By the engine by which it was prepared, which need not be the usual one any more."""
        from chaos_aura.containers.kept_engine import found_again  # noqa: PLC0415 - as above

        row = undo.data["engine"]
        if (whose := tuple(row.values())) not in self._acts_of:
            engine = found_again(row, self._engine)
            self._acts_of[whose] = self._acts if engine is self._engine else self._acts_by(engine)
        return self._acts_of[whose][undo.data["act"]]

    def _meant(self, fault: Fault, target: Target) -> "Sequence[Container]":
        from chaos_aura.containers.group import chosen  # noqa: PLC0415 - as above

        return chosen(str(fault.parameters.get("which", "only")), _group(target).find(self._engine), target.name)


def _group(target: Target) -> "Group":
    from chaos_aura.containers.group import Group  # noqa: PLC0415 - as above

    return Group.from_dict({} if isinstance(target, Edge) else target.runs_in)
