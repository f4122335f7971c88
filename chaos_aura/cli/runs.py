"""`chaos-aura runs`."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from chaos_aura.core.project import Project
from chaos_aura.core.verdict import Verdict
from chaos_aura.report.kept_runs import KeptRun, kept_runs
from chaos_aura.report.outcomes import verdict_of
from chaos_aura.report.part import Part
from chaos_aura.report.quantity import measured, spent, when

_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNKNOWN: "yellow"}
_NO_RESULT = "no result"
_ANY_WIDTH = 10_000


def runs(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Show the runs that are kept here, newest first.

    A run without a result goes on still, or was killed. `recovered` is counted as its budget is: from the fault in
    force, or from its healing. --json: {"schema": 1, "runs": [{"id", "outcome", "verdict", "began_at", "took_s",
    "recovered_s", "title", "folder"}]}; null is what is not known.
    """
    kept = kept_runs(Project.around(Path.cwd(), os.environ).home)
    if as_json:
        typer.echo(json.dumps({"schema": 1, "runs": [_row(run) for run in kept]}, indent=2))
    elif kept:
        _print(kept)
    else:
        typer.echo("no run is kept here; run one: chaos run EXPERIMENT")


def _row(run: KeptRun) -> dict[str, Any]:
    """For programs. Fields are only ever added."""
    part = Part(run.result)
    return {
        "id": run.id,
        "outcome": part["outcome"].text or None,
        "verdict": part["verdict"].text or None,
        "began_at": run.began_at or None,
        "took_s": part["took_s"].number,
        "recovered_s": _recovered_s(part["recovery"]),
        "title": part["experiment"]["title"].text or Part(run.told)["title"].text or None,
        "folder": str(run.folder),
    }


def _recovered_s(recovery: Part) -> float | None:
    """From where its budget counts."""
    return recovery["recovered_from_healed"]["at_s"].number


def _print(kept: tuple[KeptRun, ...]) -> None:
    """Nothing is ever cut."""
    console, table = Console(soft_wrap=True, highlight=False), Table(box=None, pad_edge=False, header_style="dim")
    for name in ("run", "outcome", "began", "took", "recovered"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("took", "recovered") else "left")
    for run in kept:
        table.add_row(*_cells(_row(run)))
    table_width = Measurement.get(console, console.options.update(width=_ANY_WIDTH), table).maximum
    console.width = max(console.width, table_width)
    console.print(table)


def _cells(row: dict[str, Any]) -> list[Text]:
    style = _STYLES[verdict_of(row["verdict"] or "")] if row["outcome"] else "dim"
    return [
        Text(Part(row["id"]).text),
        Text(row["outcome"] or _NO_RESULT, style=style),
        Text(when(row["began_at"] or "") or "-"),
        Text("-" if row["took_s"] is None else spent(row["took_s"])),
        Text("-" if row["recovered_s"] is None else measured(row["recovered_s"])),
    ]
