"""`chaos-aura repair`."""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from chaos_aura.cli.output import Output
from chaos_aura.cli.repair_progress import followed
from chaos_aura.cli.repair_view import lines_of
from chaos_aura.core.errors import BadInput, ChaosAuraError, NotAnswered
from chaos_aura.core.project import Project
from chaos_aura.report.kept_runs import KeptRun, chosen, kept_runs
from chaos_aura.stack.external.refusing import refuse_what_only_ours_have
from chaos_aura.stack.running import RunningStack

_ASKED = ("temporal", "neo4j", "kafka")
_MISSING, _NOBODY_KNOWS = 1, 3
_MS = 1000
_OPEN = ("unknown", "waits")


def repair(
    run: Annotated[str, typer.Argument(help="Its id, how that begins, or latest.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write what is missing; without it, it is only told.")] = False,
    request: Annotated[
        list[str] | None, typer.Option("--request", help="Only this allocation of the run; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")] = False,
) -> None:
    """Write again what the stores of a run lack and Temporal still knows.

    Decisions that Neo4j lacks and events that Kafka lacks are told, and with --apply written again and read back.
    Nothing is deleted, nothing that is there goes back to what it was. What a workflow is still writing by itself is
    left to it. Stores are asked directly, not through the edges that clients use. Exits with 0 when nothing is missing
    or all was repaired, 1 when something is missing, 3 when nobody knows yet, 2 when it cannot be asked at all.

    --json: {"schema": 1, "run", "applied", "looked_at": {"temporal", "neo4j", "kafka"}, "items": [{"allocation",
    "store", "missing", "state", "why", "out_of_order", "repaired", "why_not"}], "left": [{"allocation", "store",
    "fate", "why"}]}; repaired is null of what was only told; a fate is lost, contradicts, waits or unknown; looked_at
    is null when a store could not be read.
    """
    project = Project.around(Path.cwd(), os.environ)
    refuse_what_only_ours_have("repair", project, os.environ)
    wanted = chosen(kept_runs(project.home), run)
    answer = followed(_question(project, wanted, request or (), apply=apply))
    output = Output()
    if as_json:
        output.say(json.dumps(_document(wanted, answer, applied=apply), indent=2))
    if answer["looked_at"] is None:
        raise _away(answer)
    if not as_json:
        _tell(output, answer, "" if apply else _to_type(wanted, request or ()))
    if code := _exit_code(answer):
        raise typer.Exit(code)
    output.check()


def _question(project: Project, run: KeptRun, only: Sequence[str], *, apply: bool) -> dict[str, Any]:
    tag = run.tag
    for each in only:
        if not each.startswith(tag):
            raise BadInput(each or "(empty id)", f"is no allocation of {run.id}", f"give one that begins with {tag}")
    return {"tag": tag, "since_ms": _since_ms(run), "only": list(only), "apply": apply, **_addresses(project)}


def _addresses(project: Project) -> dict[str, str]:
    """Past the edges: a fault on one does not blind whoever looks."""
    try:
        catalogue = RunningStack.of(project).catalogue
    except ChaosAuraError as down:
        raise BadInput(down.where, down.why, down.remedy) from down
    uris = {service.name: service.uri for service in catalogue.services if service.name in _ASKED}
    for name in _ASKED:
        if name not in uris:
            raise BadInput(name, "is not part of this stack", "start all of it: chaos-aura up")
    return uris


def _since_ms(run: KeptRun) -> int:
    """Where it is not known, all of Kafka is read."""
    try:
        return max(0, int(datetime.fromisoformat(run.began_at).timestamp() * _MS))
    except ValueError:
        return 0


def _away(answer: Mapping[str, Any]) -> NotAnswered:
    (left,) = answer["left"]
    why = f"{left['why']}; nobody knows what is missing, and nothing was written"
    return NotAnswered(left["store"], why, "look at it (chaos-aura status), then run this again")


def _document(run: KeptRun, answer: Mapping[str, Any], *, applied: bool) -> dict[str, Any]:
    """Version 1. Fields are only ever added."""
    told = {name: answer[name] for name in ("looked_at", "items", "left")}
    return {"schema": 1, "run": run.id, "applied": applied, **told}


def _tell(output: Output, answer: Mapping[str, Any], to_type: str) -> None:
    for line in lines_of(answer):
        output.say(line)
    if answer["items"] and to_type:
        output.say(f"nothing was written; to write it again: {to_type}")


def _to_type(run: KeptRun, only: Sequence[str]) -> str:
    return shlex.join(["chaos-aura", "repair", run.id, *(f"--request={each}" for each in only), "--apply"])


def _exit_code(answer: Mapping[str, Any]) -> int:
    """What is known to be missing counts for more than what nobody knows."""
    is_missing = any(not item["repaired"] for item in answer["items"])
    if is_missing or any(left["fate"] not in _OPEN for left in answer["left"]):
        return _MISSING
    return _NOBODY_KNOWS if answer["left"] else 0
