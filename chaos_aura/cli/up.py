"""`chaos-aura up`."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.cli.display import shown
from chaos_aura.cli.health_table import health_document, print_health
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import checked_stack
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.of_kind import bring_up_any, kind_to_start
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.selection import ALL, refuse_unknown
from chaos_aura.stack.services import MOST_WORKERS
from chaos_aura.stack.up import DEFAULT_TIMEOUT_S, Arrival, Wanted


def up(
    services: Annotated[
        list[str] | None, typer.Argument(help=f"Start these only: {', '.join(ALL)}.", show_default="all")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="How many workers the platform has. Those beyond it finish what they are doing and end.",
            min=1,
            max=MOST_WORKERS,
            show_default="as many as there are, at first 1",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds that the services may take to get healthy.", min=1)
    ] = DEFAULT_TIMEOUT_S,
    stack: Annotated[
        str | None,
        typer.Option(
            help="local or docker.",
            show_default="$CHAOS_AURA_STACK, else chaos-aura.toml, else the one that is up, else local",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Start what is not running, and wait until it does its work.

    Fetches what is missing first. Run again, it says that the stack is up. Interrupted, it leaves nothing half started.

    A service that is named starts alone, with the proxy before it. But api, worker and projection bring what they
    cannot work without: temporal, neo4j, redis and kafka, the projection only the last two; the api brings the workers.
    `worker` means all of them, `worker-2` that one.

    $CHAOS_AURA_INVENTORY, such as t4=2000,a100=500, is the number of GPUs. The platform reads it when its pool is
    made, at its first start; then the pool keeps its own until `down --purge`.

    `--stack docker` runs the same in containers: their image is built when it is not there.
    """
    names = tuple(services or ALL)
    refuse_unknown(names)
    project = Project.around(Path.cwd(), os.environ)
    wanted = Wanted(project, Cache.of_user(os.environ), Manifest.bundled(), os.environ, names, timeout, workers)
    kind = checked_stack(stack, "--stack") if stack else kind_to_start(project, os.environ)
    with shown() as progress:
        arrival = bring_up_any(kind, wanted, progress)
    _print_arrival(RunningStack.of(project), arrival, as_json=as_json)


def _print_arrival(stack: RunningStack, arrival: Arrival, *, as_json: bool) -> None:
    rows = stack.health()
    if as_json:
        document = {
            "was_up": arrival.was_up,
            "took_s": arrival.took_s,
            "training": arrival.training,
            "retired": arrival.retired,
            "unheard": arrival.unheard,
        }
        typer.echo(json.dumps({**health_document(stack, rows), **document}, indent=2))
        return
    print_health(stack, rows, arrival.took_s)
    if arrival.retired:
        typer.echo(f"ended: {', '.join(arrival.retired)}")
    for note in arrival.unheard:
        typer.echo(f"note: {note}")
    if arrival.was_up:
        typer.echo("up already")
    if arrival.training:
        typer.echo(f"Start-up caches for {' and '.join(arrival.training)} are being made in the background, once.")
