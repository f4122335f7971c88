"""`chaos-aura status`."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from chaos_aura.cli.failure import told_by_system
from chaos_aura.cli.health_table import document_of_failure, health_document, print_health
from chaos_aura.cli.open_faults import open_faults
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.stack.here import stack_here


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Tell how every service is.

    Each does one real operation. Exits with 0 only if all are healthy. Faults of ours that are open are told, too.

    --json: {"schema": 1, "running", "healthy", "stack", "folder", "supervisor": {"pid"}, "services": [{"name", "state",
    "address", "version", "pid", "uptime_s", "restarts", "latency_s", "detail", "remedy"}], "edges": [{"name", "uri"}],
    "jobs": [{"name", "state"}], "faults": [as `leases --json` tells them, but for "ends_in_s"], "error"}; a state of a
    service is healthy, unhealthy or down; error is null, or {"where", "why", "remedy"}.
    """
    if as_json:
        document = _document()
        typer.echo(json.dumps(document, indent=2))
        raise typer.Exit(0 if document["healthy"] else 1)
    stack = stack_here(Project.around(Path.cwd(), os.environ), os.environ)
    leases = open_faults(stack.project.home)  # first: one may end meanwhile, and what it did is seen all the same
    rows = stack.health()
    print_health(stack, rows, leases=leases)
    raise typer.Exit(0 if all(row.is_healthy for row in rows) else 1)


def _document() -> dict[str, Any]:
    """A program that reads it gets one whatever happens."""
    project = None
    try:
        project = Project.around(Path.cwd(), os.environ)
        stack = stack_here(project, os.environ)
        leases = open_faults(project.home)
        return health_document(stack, stack.health(), leases)
    except ChaosAuraError as error:
        _fail(project, error)
    except OSError as cause:
        _fail(project, told_by_system(cause))


def _fail(project: Project | None, error: ChaosAuraError) -> NoReturn:
    typer.echo(json.dumps(document_of_failure(project, error), indent=2))
    raise error
