"""`chaos-aura events replay`."""

import json
import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from chaos_aura.cli.event_log import TOPIC, Answer, ask, failures_told, kafka_of, named
from chaos_aura.cli.moment import in_order, moment_ms
from chaos_aura.cli.output import say_aside
from chaos_aura.core.errors import BadInput, ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.judge.consistency.events.schema import KINDS

_TO_TOPIC = "topic:"
_PLATFORMS = (TOPIC, "allocation.dead-letters")
_PREFIX = "allocation."
_UNREADABLE = "unreadable"


def replay(
    *,
    into: Annotated[str, typer.Option("--into", help="FILE, or topic:NAME.")],
    request: Annotated[list[str] | None, typer.Option("--request", help="Only of this allocation; repeatable.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only granted, released ... or unreadable; repeatable.")
    ] = None,
    since: Annotated[str, typer.Option("--since", help="10m, 2h, or a time: where to begin.")] = "",
    until: Annotated[str, typer.Option("--until", help="10m, 2h, or a time: where to end.")] = "",
    topic: Annotated[str, typer.Option("--topic", help="Which topic to read.")] = TOPIC,
    source: Annotated[str, typer.Option("--from", help="A file that a replay has written, instead of a topic.")] = "",
    is_dry: Annotated[bool, typer.Option("--dry", help="Write nothing: tell how many there are.")] = False,
    may_overwrite: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
    may_make: Annotated[bool, typer.Option("--make-topic", help="Make the topic if there is none.")] = False,
    time_limit_s: Annotated[float, typer.Option("--time-limit", min=0.001, help="Seconds to do it in.")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
) -> None:
    """Write events that were recorded again: to a file, or to another topic.

    Keys and values byte for byte, those of one key in their order, with the times at which they were written; headers
    are left behind. A file holds a record a line: {"partition", "offset", "timestamp", "key", "value"}; `key_base64`
    and `value_base64` are for what JSON would not give back byte by byte. It is there when all of it is. Exits with 0
    when all was written, 1 when not, having told how far it came, 2 when it cannot be done.

    --json: {"schema": 1, "source", "into", "dry", "read", "chosen", "written", "kinds": {kind: number}, "failed"};
    written are, to a topic, those that were acknowledged; failed is null, or why it ended before its time.
    """
    with failures_told():
        question = _question(into, topic, source)
        now_ms = int(time.time() * 1000)
        since_ms, until_ms = in_order(moment_ms(since, "--since", now_ms), moment_ms(until, "--until", now_ms))
        question |= {"since_ms": since_ms, "until_ms": until_ms, "requests": request or []}
        question |= {"kinds": [_kind(each) for each in kind or ()], "within_s": time_limit_s}
        question |= {"is_dry": is_dry, "may_overwrite": may_overwrite, "may_make": may_make}
        if not source or question["into"]:
            question["kafka"] = kafka_of(Project.around(Path.cwd(), os.environ))
        answer = ask(question, time_limit_s, lambda stopped: say_aside(_told(stopped, into, is_dry=is_dry)))
    if as_json:
        told = {"schema": 1, "source": source or topic, "into": into, "dry": is_dry}
        typer.echo(json.dumps(told | answer, indent=2))
    else:
        typer.echo(_told(answer, into, is_dry=is_dry))
    if answer["failed"]:
        raise ChaosAuraError(into, f"not all was written: {answer['failed']}", "run it again")


def _question(into: str, topic: str, source: str) -> dict[str, Any]:
    """Where it comes from, and where it goes."""
    told = {"ask": "replay", "topic": named(topic), "source": source, "file": "", "into": ""}
    if source and not Path(source).is_file():
        raise BadInput(source, "is no file", "name one that a replay has written")
    if not into.startswith(_TO_TOPIC):
        if not into:
            raise BadInput("--into", "names nothing", "name a file, or topic:NAME")
        return told | {"file": into}
    name = into.removeprefix(_TO_TOPIC)
    named(name, into)
    if name in _PLATFORMS or name.startswith("__"):
        raise BadInput(into, "belongs to the platform, which would believe all of it", "name a topic of your own")
    if name == topic and not source:
        raise BadInput(into, "is where they come from", "name another topic")
    return told | {"into": name}


def _kind(word: str) -> str:
    """`granted` is meant for `allocation.granted`."""
    for known in (*KINDS, _UNREADABLE):
        if word in (known, known.removeprefix(_PREFIX)):
            return known
    there = ", ".join((*(known.removeprefix(_PREFIX) for known in KINDS), _UNREADABLE))
    raise BadInput(f"--kind {word}", "is no kind of event", f"there are: {there}")


def _told(answer: Answer, into: str, *, is_dry: bool) -> str:
    """Sample: 120 records read, 41 chosen, 41 acknowledged by topic:copy"""
    chosen = f"{answer['read']:,} records read, {answer['chosen']:,} chosen"
    if is_dry:
        return f"{chosen}; nothing was written"
    did = "acknowledged by" if into.startswith(_TO_TOPIC) else "written to"
    return f"{chosen}, {answer['written']:,} {did} {into}"
