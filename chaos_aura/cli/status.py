"""`chaos-aura status`."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.cli.health_table import health_document, print_health
from chaos_aura.core.errors import StackDown
from chaos_aura.stack.project import Project
from chaos_aura.stack.running import RunningStack


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Tell how every service is.

    Each does one real operation. Exits with 0 only if all are healthy.
    """
    try:
        stack = RunningStack.of(Project.around(Path.cwd(), os.environ))
    except StackDown:
        if as_json:
            typer.echo(json.dumps({"running": False, "services": [], "edges": []}, indent=2))
            raise typer.Exit(1) from None
        raise
    rows = stack.health()
    if as_json:
        typer.echo(json.dumps(health_document(stack, rows), indent=2))
    else:
        print_health(stack, rows)
    raise typer.Exit(0 if all(row.is_healthy for row in rows) else 1)
