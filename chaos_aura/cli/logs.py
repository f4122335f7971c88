"""`chaos-aura logs`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.core.errors import BadInput
from chaos_aura.stack.logs import follow, tail
from chaos_aura.stack.project import Project


def logs(
    service: Annotated[str, typer.Argument(help="redis, kafka, neo4j, temporal, toxiproxy, supervisor ...")],
    follow_on: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is added. Ctrl-C ends it.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of what is there.", min=0)] = 100,
) -> None:
    """Show what a service wrote.

    Works with the stack down too: logs are kept until `down --purge`.
    """
    project = Project.around(Path.cwd(), os.environ)
    known = sorted(path.stem for path in project.logs.glob("*.log"))
    if service not in known:
        remedy = f"there are: {', '.join(known)}" if known else "run: chaos-aura up"
        raise BadInput(service or "(empty name)", "has no log here", remedy)
    log = project.log(service)
    added = follow(log) if follow_on else iter(())
    for line in tail(log, lines):
        typer.echo(line)
    try:
        for line in added:
            typer.echo(line)
    except KeyboardInterrupt:
        return
