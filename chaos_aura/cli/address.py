"""`chaos-aura address`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.core.project import Project
from chaos_aura.stack.here import stack_here


def address(
    name: Annotated[str, typer.Argument(help="api, redis, worker ..., or an edge: load.api, worker.neo4j ...")],
) -> None:
    """Tell where a service or an edge listens.

    As a client library wants it: http://127.0.0.1:31295, bolt://127.0.0.1:25615, 127.0.0.1:24237. Each start of the
    stack may choose other ports.
    """
    typer.echo(stack_here(Project.around(Path.cwd(), os.environ), os.environ).catalogue.target(name).uri)
