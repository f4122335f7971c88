"""`chaos-aura inject`."""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from chaos_aura.cli.fault_engine import engine_on, ground_with_targets, pairs, seconds
from chaos_aura.cli.output import Output
from chaos_aura.core.errors import NotHealed
from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.healing import Outcome
from chaos_aura.faults.holding import Held, hold, refuse_cut_short
from chaos_aura.faults.leftovers import await_end_of_leftovers


def inject(
    kind: Annotated[str, typer.Argument(help="latency, pause, kill ...: see chaos-aura faults")],
    *,
    target: Annotated[str, typer.Option("--target", "-t", help="A service or an edge: redis, worker.neo4j.")],
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="key=value, as often as needed.")] = None,
    lasts: Annotated[
        str | None, typer.Option("--for", help="How long: 10s, 500ms, 2m.", show_default="default_s of the limits, 30s")
    ] = None,
    injector: Annotated[str, typer.Option(help="By this injector.", show_default="the first that can")] = "",
    dry: Annotated[bool, typer.Option("--dry", help="Only tell what would be touched.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
) -> None:
    """Inject one fault by hand, prove it, hold it, heal it, prove it gone.

    It ends after --for, with Ctrl-C, or with `chaos-aura heal` from elsewhere; and also when this command is killed.
    Exits with 0 only if it was in force for as long as it should, or until the system had repaired it, and is gone.

    chaos-aura.toml beside .chaos-aura/ may forbid targets, and limit how many faults there are at once and how long.
    """
    telling = _Telling(as_json=as_json)
    with engine_on(ground_with_targets(target)) as engine:
        fault = engine.fault(kind, target, pairs(param), None if lasts is None else seconds(lasts))
        if dry:
            _tell_plan(telling, engine, fault, injector)
            return
        await_end_of_leftovers(engine.ledger)
        try:
            _hold(telling, engine, engine.inject(fault, injector))
        except KeyboardInterrupt:
            _tell_interrupted(telling, engine)
            raise
        finally:
            telling.end()
        telling.output.check()


@dataclass
class _Telling:
    """Lines as things happen for a person; everything at the end for a program."""

    as_json: bool
    output: Output = field(default_factory=Output)
    document: dict[str, Any] = field(default_factory=dict)

    def say(self, line: str, **facts: Any) -> None:
        self.document |= facts
        if not self.as_json:
            self.output.say(line)

    def end(self) -> None:
        if self.as_json and self.document:
            self.output.say(json.dumps({"schema": 1, **self.document}, indent=2))


def _tell_plan(telling: _Telling, engine: Engine, fault: Fault, injector: str) -> None:
    plan = engine.plan(fault, injector)
    facts = {"dry": True, **fault.to_dict(), "injector": plan.injector.name, "touches": list(plan.touches)}
    telling.say(f"would inject {fault} for {fault.lasts_s:g} s, by {plan.injector.name}:", **facts)
    for touch in plan.touches:
        telling.say(f"  {touch}")
    telling.end()
    telling.output.check()


def _hold(telling: _Telling, engine: Engine, lease: Lease) -> None:
    fault = lease.fault
    is_momentary = engine.is_momentary(fault)
    how_long = "" if is_momentary else f" for {fault.lasts_s:g} s, until then: chaos-aura heal {lease.id}"
    facts = {**fault.to_dict(), "lease": lease.id, "injector": lease.injector, "in_force": lease.why}
    telling.say(f"in force: {fault} by {lease.injector}{how_long}", **facts)
    telling.say(f"  {lease.why}")
    try:
        held = Held(0.0) if is_momentary else hold(engine, lease, fault.lasts_s)
    except Exception:
        engine.heal([lease])
        raise
    outcomes = engine.heal([lease])
    if not outcomes and not held.ended_by:
        seen = engine.seen_gone(lease)
        telling.say(f"healed on time, by the reaper: {seen}", healed=True, gone=seen)
    _tell_end(telling, lease, outcomes, held)


def _tell_end(telling: _Telling, lease: Lease, outcomes: list[Outcome], held: Held) -> None:
    telling.document |= {"held_s": round(held.for_s, 3), "lost": held.lost, "ended_by": held.ended_by}
    if held.repaired:
        telling.say(f"after {held.for_s:.1f} s {held.repaired}", repaired=held.repaired)
    for outcome in outcomes:
        facts = {"healed": outcome.is_good, "gone": outcome.why, "heal_took_s": outcome.took_s}
        telling.say(f"{outcome.ending.value}: {outcome.why}", **facts)
        if not outcome.is_good:
            raise NotHealed(str(lease.fault), outcome.why, _remedy(lease))
    refuse_cut_short(lease, held)


def _tell_interrupted(telling: _Telling, engine: Engine) -> None:
    for outcome in engine.heal_mine():
        telling.say(f"interrupted; {outcome.ending.value}: {outcome.why}", interrupted=True, healed=outcome.is_good)
        if not outcome.is_good:
            raise NotHealed(str(outcome.lease.fault), outcome.why, _remedy(outcome.lease))


def _remedy(lease: Lease) -> str:
    by_hand = f", or by hand: {lease.undo.by_hand}" if lease.undo.by_hand else ""
    return f"run: chaos-aura heal {lease.id}{by_hand}"
