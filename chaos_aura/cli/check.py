"""`chaos-aura check`."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from chaos_aura.cli.checked_history import check_file, lines_of
from chaos_aura.cli.checked_run import check_run
from chaos_aura.cli.validity import EXITS, say
from chaos_aura.core.errors import BadInput
from chaos_aura.judge.consistency.verdict import Checked, Finding, Part, Validity

_PARTS_TOLD = 5
_LINES_TOLD = 40
_LONGEST_NUMBER = 18


def check(
    history: Annotated[str, typer.Argument(help="A file of a history, or a run: its id, how that begins, or latest.")],
    model: Annotated[
        str, typer.Option("--model", "-m", help="register, cas-register, mutex, kv or lease; guessed without it.")
    ] = "",
    total: Annotated[
        list[str] | None,
        typer.Option("--total", help="KIND=NUMBER: how many leases of a kind there are. Judges 'no capacity'."),
    ] = None,
    time_limit_s: Annotated[float, typer.Option("--time-limit", min=0.001, help="Seconds to decide in.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
) -> None:
    """Judge whether a history can be explained, or a run again.

    A history is a file of JSON lines as Jepsen keeps them; docs/consistency.md shows the format and the models. Of a
    run, what its tenants were told is laid beside what the stores held, as it was when the run ended. Exits with 0
    when it is valid, 1 when it is invalid, 3 when nobody knows, 2 when it cannot be read.

    --json: {"schema": 1, "history", "model", "validity", "operations", "took_s", "notes", "parts": {"valid", "invalid",
    "unknown"}, "findings": [{"key", "validity", "why", "told", "lines", "window", "unsure", "from_the_beginning",
    "states", "prefix"}]}; prefix is the number of operations that can be explained, null when it is not known.
    """
    path = Path(history)
    if not path.is_file():
        _refuse_for_runs(history, model, total)
        raise typer.Exit(EXITS[check_run(history, as_json=as_json)])
    name, found = check_file(path, model, _totals(total or []), time_limit_s)
    if as_json:
        typer.echo(json.dumps(_document(history, name, found), indent=2))
    else:
        _print(path, name, found)
    raise typer.Exit(EXITS[found.validity])


def _refuse_for_runs(history: str, model: str, total: list[str] | None) -> None:
    looks_like_file = os.sep in history or history.endswith((".jsonl", ".json", ".ndjson"))
    if looks_like_file:
        raise BadInput(history, "is no file", "name a file of a history, or a run (see: chaos-aura runs)")
    if model or total:
        raise BadInput(history, "is a run, which needs neither --model nor --total", "leave them out")


def _totals(told: list[str]) -> dict[str, int]:
    totals = {}
    for each in told:
        kind, _, number = each.rpartition("=")
        if not number.isdecimal() or len(number) > _LONGEST_NUMBER:
            raise BadInput(f"--total {each}", "is no KIND=NUMBER", "write for instance: --total a100=20")
        totals[kind] = int(number)
    return totals


def _document(history: str, model: str, found: Checked) -> dict[str, Any]:
    """Fields are only ever added."""
    counts = {each.value: sum(part.validity is each for part in found.parts) for each in Validity}
    return {
        "schema": 1,
        "history": history,
        "model": model,
        "validity": found.validity.value,
        "operations": found.operations,
        "took_s": round(found.took_s, 6),
        "notes": list(found.notes),
        "parts": counts,
        "findings": [_finding(part) for part in found.parts if part.validity is not Validity.VALID],
    }


def _finding(part: Part) -> dict[str, Any]:
    finding = part.finding
    return {
        "key": part.key.decode() if isinstance(part.key, bytes) else part.key,
        "validity": part.validity.value,
        "why": part.why,
        "told": finding.told if finding else "",
        "lines": list(finding.lines) if finding else [],
        "window": [str(op) for op in finding.window] if finding else [],
        "unsure": [str(op) for op in finding.unsure] if finding else [],
        "from_the_beginning": bool(finding and finding.from_the_beginning),
        "states": list(finding.states) if finding else [],
        "prefix": len(finding.prefix) if finding and finding.prefix is not None else None,
    }


def _print(path: Path, model: str, found: Checked) -> None:
    say(found.validity, f"{path}: {found.operations:,} operations as {model}, {found.took_s:.2f} s")
    for note in found.notes:
        typer.echo(f"note: {note}")
    wrong = [part for part in found.parts if part.validity is not Validity.VALID]
    for part in wrong[:_PARTS_TOLD]:
        for line in _told(path, part):
            typer.echo(line)
    if len(wrong) > _PARTS_TOLD:
        typer.echo(f"and {len(wrong) - _PARTS_TOLD} more (see: --json)")


def _told(path: Path, part: Part) -> Iterator[str]:
    name = part.key.decode() if isinstance(part.key, bytes) else part.key
    of = "" if name is None else f"{name}: "
    if part.finding is None:
        yield f"{of}nobody knows: {part.why}"
        return
    yield f"{of}{part.finding.told}"
    if part.finding.window:
        yield from _window(part.finding)
    else:
        told = lines_of(path, set(part.finding.lines))
        yield from (f"  line {number}: {told.get(number, '')}" for number in part.finding.lines[:_LINES_TOLD])


def _window(finding: Finding) -> Iterator[str]:
    """Its end, where it is long: that is what cannot be explained."""
    since = "from the beginning" if finding.from_the_beginning else "whatever it had been until then"
    yield f"nothing explains these, {since}:"
    if (before := len(finding.window) - _LINES_TOLD) > 0:
        yield f"  {before} before them (see: --json)"
    yield from (f"  {op}" for op in finding.window[-_LINES_TOLD:])
    if finding.unsure:
        yield f"nor do {len(finding.unsure)} of which nobody knows whether they had happened (see: --json)"
    if finding.prefix is not None:
        yield f"before that, {len(finding.prefix):,} operations can be explained"
