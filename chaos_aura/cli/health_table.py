"""The health of a stack, as a table for a person and as a document for a program."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from chaos_aura.cli.lease_document import document_of
from chaos_aura.cli.open_faults import fault_line, open_faults
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.lease import Lease
from chaos_aura.core.project import Project
from chaos_aura.stack.health import Health, HealthState
from chaos_aura.stack.here import AnyStack

_STYLES = {HealthState.HEALTHY: "green", HealthState.UNHEALTHY: "yellow", HealthState.DOWN: "red"}
_MINUTE_S = 60
_HOUR_S = 3600
_ANY_WIDTH = 10_000
_DISPENSABLE = ("restarts", "version", "operation")


def health_document(stack: AnyStack, rows: Sequence[Health], leases: Sequence[Lease] | None = None) -> dict[str, Any]:
    """Version 1. Fields are only ever added. `leases`: faults that were open before the look."""
    return {
        "schema": 1,
        "running": True,
        "healthy": all(row.is_healthy for row in rows),
        "stack": stack.catalogue.stack,
        "folder": str(stack.project.home),
        "supervisor": {"pid": stack.keeper_pid()},
        "services": [row.to_dict() for row in rows],
        "edges": [{"name": edge.name, "uri": edge.uri} for edge in stack.catalogue.edges],
        "jobs": [{"name": job.name, "state": job.state.value} for job in stack.jobs().values()],
        "faults": [document_of(lease) for lease in _open(stack, leases)],
        "error": None,
    }


def document_of_failure(project: Project | None, error: ChaosAuraError) -> dict[str, Any]:
    """The same fields when there is no stack to tell of."""
    return {
        "schema": 1,
        "running": False,
        "healthy": False,
        "stack": None,
        "folder": str(project.home) if project else None,
        "supervisor": {"pid": None},
        "services": [],
        "edges": [],
        "jobs": [],
        "faults": [],
        "error": {"where": error.where, "why": error.why, "remedy": error.remedy},
    }


def print_health(
    stack: AnyStack,
    rows: Sequence[Health],
    took_s: Mapping[str, float] | None = None,
    leases: Sequence[Lease] | None = None,
) -> None:
    console = Console(soft_wrap=True)
    print_rows(console, rows, took_s)
    for name, page, uri in _pages(stack):
        console.print(f"{name} {page}: {uri}", highlight=False)
    for row in rows:
        if row.remedy:
            console.print(f"{row.name}: {row.detail}; {row.remedy}", highlight=False, markup=False)
    if still_open := _open(stack, leases):
        console.print(fault_line(still_open), highlight=False, markup=False)


def _open(stack: AnyStack, leases: Sequence[Lease] | None) -> Sequence[Lease]:
    return open_faults(stack.project.home) if leases is None else leases


def print_rows(console: Console, rows: Sequence[Health], took_s: Mapping[str, float] | None = None) -> None:
    """Nothing is ever cut. A narrow terminal gets fewer columns, anything else all of them."""
    columns = _columns(rows, took_s)
    for name in _DISPENSABLE if console.is_terminal else ():
        if _width(console, columns) > console.width:
            del columns[name]
    console.width = max(console.width, _width(console, columns))
    console.print(_table(columns))


def _columns(rows: Sequence[Health], took_s: Mapping[str, float] | None) -> dict[str, list[Text]]:
    spent_s = [_uptime_s(row) if took_s is None else took_s.get(row.name) for row in rows]
    return {
        "service": [Text(row.name) for row in rows],
        "state": [Text(row.state, style=_STYLES[row.state]) for row in rows],
        "address": [Text(row.address) for row in rows],
        "version": [Text(row.version) for row in rows],
        "pid": [Text(str(row.pid or "-")) for row in rows],
        "operation": [Text(_operation(row)) for row in rows],
        "uptime" if took_s is None else "took": [Text("-" if s is None else _duration(s)) for s in spent_s],
        "restarts": [Text(str(row.restarts)) for row in rows],
    }


def _table(columns: Mapping[str, list[Text]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=True)
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*cells)
    return table


def _width(console: Console, columns: Mapping[str, list[Text]]) -> int:
    return Measurement.get(console, console.options.update(width=_ANY_WIDTH), _table(columns)).maximum


def _operation(row: Health) -> str:
    return "-" if row.latency_s is None else f"{row.detail} in {row.latency_s * 1000:.1f} ms"


def _uptime_s(row: Health) -> float | None:
    """None of what does not run."""
    return None if row.pid is None else row.uptime_s


def _pages(stack: AnyStack) -> list[tuple[str, str, str]]:
    return [(service.name, page, uri) for service in stack.catalogue.services for page, uri in service.pages.items()]


def _duration(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"
