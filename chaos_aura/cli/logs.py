"""`chaos-aura logs`."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.core.catalogue import EXTERNAL
from chaos_aura.core.errors import BadInput, ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import stack_meant
from chaos_aura.stack.logs import follow, services, size, tail


def logs(
    service: Annotated[str, typer.Argument(help="redis, kafka, api, worker, worker-2, supervisor ...")],
    follow_on: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is added. Ctrl-C ends it.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of what is there.", min=0)] = 100,
) -> None:
    """Show what a service wrote.

    Works with the stack down too: logs are kept until `down --purge`.
    """
    project = Project.around(Path.cwd(), os.environ)
    known = services(project.logs)
    if service not in known:
        remedy = f"there are: {', '.join(known)}" if known else _elsewhere(project)
        raise BadInput(service or "(empty name)", "has no log here", remedy)
    log = project.log(service)
    seen = size(log)
    for line in tail(log, lines, seen):
        typer.echo(line)
    if follow_on:
        _print_added(log, seen)


def _elsewhere(project: Project) -> str:
    """What somebody else runs writes where he wants it."""
    with suppress(ChaosAuraError):
        if stack_meant(project.root, os.environ) == EXTERNAL:
            return "look where it runs: docker logs CONTAINER"
    return "run: chaos-aura up"


def _print_added(log: Path, seen: int) -> None:
    """Ctrl-C is the way to end it, not a failure."""
    with suppress(KeyboardInterrupt):
        for line in follow(log, seen):
            typer.echo(line)
