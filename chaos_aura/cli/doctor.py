"""`chaos-aura doctor`."""

import json
import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos_aura.core.project import Project
from chaos_aura.stack.doctor import Finding, Scene, State, diagnose, local_stack_can_run, summary

_STYLES = {State.OK: "green", State.LIMITED: "yellow", State.MISSING: "red", State.BROKEN: "bold red"}
_PIPE_WIDTH = 160


def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Hash everything in the cache, however long it takes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Tell what this machine can and cannot do, and what is missing.

    Each thing is tried, without harm and without trace. Exits with 0 if the local stack can run; faults that cannot be
    done are told, and are no failure. --json: {"schema": 1, "local_stack_can_run": true, "summary": "...",
    "findings": [{"subject", "group", "state", "seen", "means", "remedy", "blocks", "cannot"}]}; a state is ok, limited,
    missing or broken, `blocks` what keeps the local stack from running, `cannot` which kinds of fault it rules out.
    """
    findings = diagnose(Scene(Project.around(Path.cwd(), os.environ), os.environ, is_deep=deep))
    if as_json:
        typer.echo(json.dumps(_document(findings), indent=2))
    else:
        _print(findings)
    raise typer.Exit(0 if local_stack_can_run(findings) else 1)


def _document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Version 1. Fields are only ever added."""
    return {
        "schema": 1,
        "local_stack_can_run": local_stack_can_run(findings),
        "summary": summary(findings),
        "findings": [finding.to_dict() for finding in findings],
    }


def _print(findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(_table(findings))
    if wanting := [finding for finding in findings if not finding.is_ok]:
        console.print()
        for finding in wanting:
            line = f"{finding.subject}: {finding.means}"
            console.print(f"{line}; to get it: {finding.remedy}" if finding.remedy else line, soft_wrap=True)
    console.print()
    console.print(summary(findings), soft_wrap=True)


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group, members in groupby(findings, key=lambda finding: finding.group):
        table.add_row(Text(group, style="bold"))
        for finding in members:
            state = Text(finding.state, style=_STYLES[finding.state])
            table.add_row(Text(f"  {finding.subject}"), state, Text(finding.seen))
    return table
