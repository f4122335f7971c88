"""The health of a stack, as a table for a person and as a document for a program."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos_aura.stack.health import Health, HealthState
from chaos_aura.stack.running import RunningStack

_STYLES = {HealthState.HEALTHY: "green", HealthState.UNHEALTHY: "yellow", HealthState.DOWN: "red"}
_MINUTE_S = 60
_HOUR_S = 3600
_PIPE_WIDTH = 160


def health_document(stack: RunningStack, rows: Sequence[Health]) -> dict[str, Any]:
    """Version 1. Fields are only ever added."""
    return {
        "schema": 1,
        "running": True,
        "healthy": all(row.is_healthy for row in rows),
        "stack": stack.catalogue.stack,
        "folder": str(stack.project.home),
        "supervisor": {"pid": stack.supervisor.pid()},
        "services": [row.to_dict() for row in rows],
        "edges": [{"name": edge.name, "uri": edge.uri} for edge in stack.catalogue.edges],
        "jobs": [{"name": job.name, "state": job.state.value} for job in stack.jobs().values()],
    }


def print_health(stack: RunningStack, rows: Sequence[Health], took_s: Mapping[str, float] | None = None) -> None:
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    table = Table(box=None, pad_edge=False, header_style="bold")
    last = "took" if took_s is not None else "uptime"
    for column in ("service", "state", "address", "version", "pid", "operation", last, "restarts"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        spent_s = took_s.get(row.name) if took_s is not None else row.uptime_s
        table.add_row(
            row.name,
            Text(row.state, style=_STYLES[row.state]),
            row.address,
            row.version,
            str(row.pid or "-"),
            _operation(row),
            "-" if spent_s is None else _duration(spent_s),
            str(row.restarts),
        )
    console.print(table)
    for name, page, uri in _pages(stack):
        console.print(f"{name} {page}: {uri}", highlight=False)
    for row in rows:
        if row.remedy:
            console.print(f"{row.name}: {row.detail}; {row.remedy}", highlight=False, markup=False)


def _operation(row: Health) -> str:
    return "-" if row.latency_s is None else f"{row.detail} in {row.latency_s * 1000:.1f} ms"


def _pages(stack: RunningStack) -> list[tuple[str, str, str]]:
    return [(service.name, page, uri) for service in stack.catalogue.services for page, uri in service.pages.items()]


def _duration(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"
