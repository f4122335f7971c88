"""`chaos-aura result`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.core.verdict import Verdict
from chaos_aura.report.kept_runs import LATEST, KeptRun, chosen, kept_runs
from chaos_aura.report.outcomes import verdict_of
from chaos_aura.report.part import Part
from chaos_aura.report.plain_text import writable
from chaos_aura.report.summary import summary


def result(
    run: Annotated[str, typer.Argument(help="Its id, or how that begins.")] = LATEST,
    as_json: Annotated[bool, typer.Option("--json", help="Print its result.json instead of a summary.")] = False,
) -> None:
    """Tell again how a run ended.

    Exits with 0 only for PASS. What stands in result.json is told in docs/runs.md.
    """
    one = chosen(kept_runs(Project.around(Path.cwd(), os.environ).home), run)
    if one.result is None:
        raise BadInput(one.id, f"its result {one.why_no_result}", "see: chaos-aura runs")
    if as_json:
        typer.echo(json.dumps(one.result, indent=2))
    else:
        _print(one)
    raise typer.Exit(0 if verdict_of(Part(one.result)["verdict"].text) is Verdict.PASS else 1)


def _print(one: KeptRun) -> None:
    console = Console()
    has_colour = console.color_system is not None and not console.no_color
    told = summary({**(one.result or {}), "folder": str(one.folder)}, console.width, has_colour)
    typer.echo(writable(told, sys.stdout.encoding), nl=False, color=has_colour)
