"""`chaos-aura events timeline`."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from chaos_aura.cli.event_log import TOPIC, Answer, ask, failures_told, kafka_of, named
from chaos_aura.cli.event_words import violation_lines, wall
from chaos_aura.cli.validity import EXITS, say
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.judge.consistency.verdict import Validity
from chaos_aura.report.plain_text import one_line


def timeline(
    request: Annotated[str, typer.Argument(help="The id of the request, which is that of the allocation.")],
    topic: Annotated[str, typer.Option("--topic", help="Which topic.")] = TOPIC,
    time_limit_s: Annotated[float, typer.Option("--time-limit", min=0.001, help="Seconds to read in.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
) -> None:
    """Tell the events of one allocation, in order, and what is wrong with them.

    Each with its time, the milliseconds since the one before it, and where it lies. Exits with 0 when they are right, 1
    when something is wrong with them, 3 when there is none or not all could be read, 2 when they cannot be asked for.

    --json: {"schema": 1, "topic", "request", "validity", "story": [{"partition", "offset", "written_at_ms", "key",
    "kind", "event_id", "at_ms", "since_before_ms", "duplicate", "why"}], "left_out", "violations", "reasons", "notes",
    ...}; the rest is as of `validate`. A kind is unreadable when nobody can read it, and `why` says why.
    """
    if not request.strip():
        raise BadInput("(empty id)", "names no request", "give the id under which it was asked")
    with failures_told():
        question = {"ask": "timeline", "topic": named(topic), "only": request, "within_s": time_limit_s}
        project = Project.around(Path.cwd(), os.environ)
        answer = {"story": [], "left_out": 0, **ask(question | {"kafka": kafka_of(project)}, time_limit_s)}
    if as_json:
        typer.echo(json.dumps({"schema": 1, "topic": topic, "request": request, **answer}, indent=2))
    else:
        _print(request, answer)
    raise typer.Exit(EXITS[Validity(answer["validity"])])


def _print(request: str, answer: Answer) -> None:
    say(Validity(answer["validity"]), f"{one_line(request)}: {len(answer['story'])} events")
    for reason in answer["reasons"]:
        typer.echo(f"  {one_line(reason)}")
    for row in answer["story"]:
        typer.echo(f"  {_line(row)}")
    if answer["left_out"]:
        typer.echo(f"  and {answer['left_out']:,} more")
    for violation in answer["violations"]:
        typer.echo(violation["kind"].replace("_", " "))
        for line in violation_lines(violation):
            typer.echo(line)
    for note in answer["notes"]:
        typer.echo(f"note: {one_line(note)}")


def _line(row: Mapping[str, Any]) -> str:
    """Sample: 2026-11-29 09:30:12.120    +8 ms  2@1841  allocation.decided  (told before)"""
    since = "" if row["since_before_ms"] is None else f"{row['since_before_ms']:+,} ms"
    at = wall(row["written_at_ms"] if row["at_ms"] is None else row["at_ms"])
    aside = "  (told before)" if row["duplicate"] else f"  ({one_line(row['why'])})" if row["why"] else ""
    return f"{at}  {since:>10}  {row['partition']}@{row['offset']}  {row['kind']}{aside}"
