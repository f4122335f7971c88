"""`chaos-aura events validate`."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from chaos_aura.cli.event_log import TOPIC, Answer, ask, failures_told, kafka_of, named
from chaos_aura.cli.event_words import violation_lines
from chaos_aura.cli.moment import in_order, moment_ms
from chaos_aura.cli.validity import EXITS, say
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.judge.consistency.verdict import Validity
from chaos_aura.report.kept_runs import chosen, kept_runs
from chaos_aura.report.plain_text import one_line

_TOLD_OF_EACH = 5
_CLOCKS_AGREE_WITHIN_MS = 3_600_000  # a worker's clock may have been moved: only how much is read depends on it


def validate(
    *,
    since: Annotated[str, typer.Option("--since", help="10m, 2h, or a time: where to begin.")] = "",
    until: Annotated[str, typer.Option("--until", help="10m, 2h, or a time: where to end.")] = "",
    run: Annotated[
        str, typer.Option("--run", help="Only what this run asked for: its id, how that begins, or latest.")
    ] = "",
    topic: Annotated[str, typer.Option("--topic", help="Which topic.")] = TOPIC,
    time_limit_s: Annotated[float, typer.Option("--time-limit", min=0.001, help="Seconds to read in.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
) -> None:
    """Judge whether every allocation's events are there, readable, in order, and told once.

    From the beginning of the topic, or --since, to where it ended when this began, or --until. The same event twice is
    legal, and counted. Exits with 0 when it is valid, 1 when something is wrong, 3 when nobody knows (nothing is there,
    or it could not be read to the end), 2 when it cannot be asked.

    --json: {"schema": 1, "topic", "run", "validity", "records", "events", "allocations", "duplicates", "unfinished",
    "took_s", "range": {partition: {"from", "to"}}, "partitions": {partition: {"records", "allocations"}}, "counts":
    {kind: number}, "violations": [{"kind", "allocation", "told", "evidence": [{"partition", "offset", "event_id",
    "at_ms"}]}], "reasons", "notes", "groups": [{"group", "state", "members", "lag", "lags": {partition: number}}]}; of
    each kind of violation the first thousand are told.
    """
    with failures_told():
        project = Project.around(Path.cwd(), os.environ)
        since_ms, until_ms = _range(since, until, run)
        question = {"ask": "validate", "topic": named(topic), "within_s": time_limit_s, "since_ms": since_ms}
        question |= {"until_ms": until_ms, **(_of_run(project, run) if run else {})}
        answer = ask(question | {"kafka": kafka_of(project)}, time_limit_s)
    if as_json:
        typer.echo(json.dumps({"schema": 1, "topic": topic, "run": run or None, **answer}, indent=2))
    else:
        _print(topic, answer)
    raise typer.Exit(EXITS[Validity(answer["validity"])])


def _range(since: str, until: str, run: str) -> tuple[int | None, int | None]:
    if run and since:
        raise BadInput("--since", "says nothing beside --run, which begins with its run", "leave one of them out")
    now_ms = int(time.time() * 1000)
    return in_order(moment_ms(since, "--since", now_ms), moment_ms(until, "--until", now_ms))


def _of_run(project: Project, wanted: str) -> dict[str, Any]:
    """Without the time at which it began, all of the topic is read."""
    run = chosen(kept_runs(project.home), wanted)
    began: dict[str, Any] = {}
    try:
        began_ms = int(datetime.fromisoformat(run.began_at).timestamp() * 1000)
        began = {"since_ms": max(0, began_ms - _CLOCKS_AGREE_WITHIN_MS), "are_all_within": True}
    except ValueError:
        pass
    return {"prefix": run.tag, **began}


def _print(topic: str, answer: Answer) -> None:
    told = f"{answer['records']:,} records of {answer['allocations']:,} allocations"
    say(Validity(answer["validity"]), f"{topic}: {told}, {answer['duplicates']:,} told twice, {answer['took_s']:.2f} s")
    for line in (*_reasons(answer), *_partitions(answer), *_groups(answer), *_violations(answer)):
        typer.echo(line)
    for note in answer["notes"]:
        typer.echo(f"note: {one_line(note)}")


def _reasons(answer: Answer) -> Iterator[str]:
    yield from (f"  {one_line(reason)}" for reason in answer["reasons"])


def _partitions(answer: Answer) -> Iterator[str]:
    for each, span in answer["range"].items():
        seen: Mapping[str, int] = answer["partitions"].get(each, {"records": 0, "allocations": 0})
        told = f"{seen['records']:,} records of {seen['allocations']:,} allocations"
        yield f"  partition {each}: {told} in offsets {span['from']} to {span['to']}"


def _groups(answer: Answer) -> Iterator[str]:
    for each in answer.get("groups", ()):
        told = f"{each['state'].lower()}, members {each['members']}, lag {each['lag']:,}"
        yield f"  group {one_line(each['group'])}: {told}"


def _violations(answer: Answer) -> Iterator[str]:
    """Of each kind a few."""
    by_kind = sorted(answer["violations"], key=lambda each: str(each["kind"]))
    for kind, found in groupby(by_kind, key=lambda each: str(each["kind"])):
        count = answer["counts"][kind]
        yield f"{kind.replace('_', ' ')}: {count:,}"
        for each in list(found)[:_TOLD_OF_EACH]:
            yield from violation_lines(each)
        if count > _TOLD_OF_EACH:
            yield f"  and {count - _TOLD_OF_EACH:,} more (see: --json)"
