"""`chaos-aura heal`."""

import json
from typing import Annotated

import typer

from chaos_aura.cli.fault_engine import engine_on, ground_here
from chaos_aura.cli.lease_document import document_of
from chaos_aura.cli.output import Output
from chaos_aura.core.errors import BadInput, NotHealed
from chaos_aura.core.lease import Lease
from chaos_aura.faults.healing import Outcome
from chaos_aura.faults.ledger import Ledger


def heal(
    lease: Annotated[list[str] | None, typer.Argument(help="Ids of leases, or how they begin or end.")] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Whatever is open.")] = False,
    dry: Annotated[bool, typer.Option("--dry", help="Only tell what would be healed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
) -> None:
    """End faults now, and prove that they are gone.

    Works with the stack down, and for faults of another command, also of one that still runs. Exits with 0 only if each
    is proven gone.
    """
    ground = ground_here()
    open_leases = Ledger(ground.folder).open_leases()
    chosen = list(open_leases) if all_of_them and not lease else _named(lease or [], open_leases, all_of_them)
    if dry:
        _tell_plan(chosen, as_json=as_json)
        return
    outcomes: list[Outcome] = []
    if chosen:
        with engine_on(ground) as engine:
            outcomes = engine.heal(chosen)
    output = Output()
    _tell(output, outcomes, as_json=as_json)
    if bad := [outcome for outcome in outcomes if not outcome.is_good]:
        raise NotHealed(str(bad[0].lease.fault), bad[0].why, _remedy(bad))
    output.check()


def _named(names: list[str], open_leases: tuple[Lease, ...], all_of_them: bool) -> list[Lease]:
    known = ", ".join(each.id for each in open_leases) or "none"
    if all_of_them:
        raise BadInput("heal", "is given leases and --all", "give one of the two")
    if not names:
        raise BadInput("heal", "names no lease", f"give one, or --all; open are: {known}")
    chosen: dict[str, Lease] = {}
    for name in names:
        fitting = [each for each in open_leases if name and (each.id.startswith(name) or each.id.endswith(name))]
        if len(fitting) != 1:
            why = "means more than one lease" if fitting else "is no open lease"
            raise BadInput(name or "(empty name)", why, f"open are: {known}")
        chosen[fitting[0].id] = fitting[0]
    return list(chosen.values())


def _tell_plan(chosen: list[Lease], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"schema": 1, "dry": True, "leases": [document_of(each) for each in chosen]}, indent=2))
        return
    for each in chosen:
        typer.echo(f"would heal {each.fault} by {each.injector} (lease {each.id}), which had done this:")
        for touch in each.undo.touches:
            typer.echo(f"  {touch}")
    if not chosen:
        typer.echo("no fault is open")


def _tell(output: Output, outcomes: list[Outcome], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {**document_of(each.lease), "ending": each.ending.value, "seen": each.why, "took_s": each.took_s}
            for each in outcomes
        ]
        output.say(json.dumps({"schema": 1, "leases": rows}, indent=2))
        return
    for each in outcomes:
        output.say(f"{each.ending.value}: {each.lease.fault} (lease {each.lease.id}): {each.why}")
    if not outcomes:
        output.say("no fault is open")


def _remedy(bad: list[Outcome]) -> str:
    by_hand = [each.lease.undo.by_hand for each in bad if each.lease.undo.by_hand]
    tried = "it is tried again by itself"
    return f"{tried}; by hand: {' ; '.join(by_hand)}" if by_hand else tried
