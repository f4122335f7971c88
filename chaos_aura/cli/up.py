"""`chaos-aura up`."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.cli.display import shown
from chaos_aura.cli.health_table import health_document, print_health
from chaos_aura.core.errors import BadInput
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.project import Project
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.services import LOCAL_SERVICES
from chaos_aura.stack.up import DEFAULT_TIMEOUT_S, Arrival, Wanted, bring_up

_KNOWN = tuple(service.name for service in LOCAL_SERVICES)


def up(
    services: Annotated[
        list[str] | None, typer.Argument(help=f"Start these only: {', '.join(_KNOWN)}.", show_default="all")
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds that the services may take to get healthy.", min=1)
    ] = DEFAULT_TIMEOUT_S,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Start what is not running, and wait until it does its work.

    Fetches what is missing first. Run again, it says that the stack is up. Interrupted, it leaves nothing half started.
    """
    names = tuple(services or _KNOWN)
    for name in names:
        if name not in _KNOWN:
            raise BadInput(name or "(empty name)", "no such service", f"there are: {', '.join(_KNOWN)}")
    project = Project.around(Path.cwd(), os.environ)
    wanted = Wanted(project, Cache.of_user(os.environ), Manifest.bundled(), os.environ, names, timeout)
    with shown() as progress:
        arrival = bring_up(wanted, progress)
    _print_arrival(RunningStack.of(project), arrival, as_json=as_json)


def _print_arrival(stack: RunningStack, arrival: Arrival, *, as_json: bool) -> None:
    rows = stack.health()
    if as_json:
        document = {"was_up": arrival.was_up, "took_s": arrival.took_s, "training": arrival.training}
        typer.echo(json.dumps({**health_document(stack, rows), **document}, indent=2))
        return
    print_health(stack, rows, arrival.took_s)
    if arrival.was_up:
        typer.echo("up already")
    if arrival.training:
        typer.echo(f"Start-up caches for {' and '.join(arrival.training)} are being made in the background, once.")
