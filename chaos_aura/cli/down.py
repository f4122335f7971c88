"""`chaos-aura down`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.stack.down import bring_down
from chaos_aura.stack.project import Project


def down(
    purge: Annotated[bool, typer.Option("--purge", help="Remove its data, logs and configuration too.")] = False,
) -> None:
    """End the stack.

    Data are kept for the next start, unless purged. Afterwards no process, port or socket of it is left.
    """
    project = Project.around(Path.cwd(), os.environ)
    is_there = project.home.exists()
    was_running = bring_down(project, purge=purge, on_wait=lambda: typer.echo("waiting for another command", err=True))
    typer.echo("down" if was_running else "was not running")
    if purge and is_there:
        typer.echo(f"removed {project.home}")
