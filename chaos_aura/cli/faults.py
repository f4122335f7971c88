"""`chaos-aura faults`."""

import json
from typing import Annotated, Any

import typer

from chaos_aura.cli.fault_engine import ground_with_targets
from chaos_aura.core.errors import BadInput, StackDown
from chaos_aura.faults.possibilities import Possibility, not_installed, possibilities
from chaos_aura.faults.registry import Registry


def faults(
    kind: Annotated[
        str | None, typer.Argument(help="Tell all about this one.", show_default="all, a line each")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
) -> None:
    """Show every kind of fault: on which targets, by which injector, and whether this machine can.

    Targets are those of the stack that runs. `chaos-aura faults KIND` tells its parameters, and for each target that
    cannot be hurt so why not, and what would make it possible.
    """
    ground = ground_with_targets()
    registry = Registry.installed(ground)
    if kind is not None and kind not in registry.kinds:
        raise BadInput(kind or "(empty kind)", "no such kind of fault", f"there are: {', '.join(registry.kinds)}")
    try:
        catalogue = ground.catalogue
    except StackDown:
        catalogue = None
    rows = possibilities(registry, catalogue, kind) + not_installed(registry, kind)
    if as_json:
        typer.echo(json.dumps(_document(registry, rows, is_up=catalogue is not None), indent=2))
    elif kind is None:
        _print_short(rows)
    else:
        _print_long(rows[0])
    if not as_json:
        _print_notes(registry, is_up=catalogue is not None)


def _document(registry: Registry, rows: list[Possibility], *, is_up: bool) -> dict[str, Any]:
    broken = [{"where": each.where, "why": each.why, "remedy": each.remedy} for each in registry.broken]
    return {"schema": 1, "stack_is_up": is_up, "faults": [row.to_dict() for row in rows], "broken_plug_ins": broken}


def _print_short(rows: list[Possibility]) -> None:
    width = max(len(row.kind.name) for row in rows)
    for row in rows:
        typer.echo(f"{row.kind.name:<{width}}  {row.kind.sentence}")
        typer.echo(f"{'':<{width}}    {row.summary}")


def _print_long(row: Possibility) -> None:
    typer.echo(f"{row.kind.name}: {row.kind.sentence}")
    for parameter in row.kind.parameters:
        typer.echo(f"  {parameter.describe()}")
    if not row.missing:
        typer.echo(row.summary)
    for injector, targets in row.by_injector.items():
        if targets or injector not in row.depending:
            typer.echo(f"by {injector}: {', '.join(targets) or 'no target'}")
    for dependence in row.dependences:
        typer.echo(f"by {dependence}")
    for target, refusals in row.refused.items():
        for injector, refusal in refusals.items():
            remedy = f" ({refusal.remedy})" if refusal.remedy else ""
            whether = f"{target} by {injector} depends on {refusal.depends_on}"
            typer.echo(f"{whether if refusal.depends_on else f'not {target} by {injector}'}: {refusal.why}{remedy}")


def _print_notes(registry: Registry, *, is_up: bool) -> None:
    if not is_up:
        typer.echo("note: the stack is down, so its targets are not known; run: chaos-aura up")
    for broken in registry.broken:
        typer.echo(f"note: {broken}")
