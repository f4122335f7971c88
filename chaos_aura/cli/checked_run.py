"""A run judged again, from what its folder keeps."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from chaos_aura.cli.validity import say
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.core.verdict import Judgement, Verdict, together, unknown
from chaos_aura.judge.consistency.verdict import Validity
from chaos_aura.judge.exactly_once import ExactlyOnce, exactly_once
from chaos_aura.record.history import ReadHistory, read_history
from chaos_aura.record.stores import FILE, KAFKA, NEO4J, POOL, Stores, read_stores
from chaos_aura.report.kept_runs import KeptRun, chosen, kept_runs

_VALIDITIES = {Verdict.PASS: Validity.VALID, Verdict.FAIL: Validity.INVALID, Verdict.UNKNOWN: Validity.UNKNOWN}


def check_run(wanted: str, *, as_json: bool) -> Validity:
    """Says what came of it. BadInput when there is no such run, or it recorded nothing."""
    run = chosen(kept_runs(Project.around(Path.cwd(), os.environ).home), wanted)
    history = read_history(sorted(run.folder.glob("history-*.jsonl")))
    if not history.operations:
        raise BadInput(run.id, "recorded no operation", "check one whose experiment drives a load")
    found = exactly_once(history.operations, _stores_of(run), tag_of(run))
    said = together((found.agreement.judgement, found.ownership, *_unread(history)))
    validity = _VALIDITIES[said.verdict]
    if as_json:
        typer.echo(json.dumps(_document(run, validity, said, found, history), indent=2))
    else:
        told = f"{len(history.operations):,} operations, {found.agreement.acknowledged:,} grants"
        say(validity, f"{run.id}: {told}")
        for reason in said.reasons:
            typer.echo(f"  {reason}")
    return validity


def _unread(history: ReadHistory) -> Iterator[Judgement]:
    """What was acknowledged in a line that is torn may be lost, and nobody would notice."""
    if history.unread:
        yield unknown(f"{history.unread} lines of the history were torn: what they told is not known")


def _stores_of(run: KeptRun) -> Stores:
    """Without a dump nobody knows what they held."""
    path = run.folder / FILE
    if path.exists():
        return read_stores(path)
    return Stores(missing=dict.fromkeys((POOL, NEO4J, KAFKA), "this run kept no dump of it"))


def tag_of(run: KeptRun) -> str:
    tag = run.told.get("tag")
    if not isinstance(tag, str) or not tag:
        raise BadInput(str(run.folder / "run.json"), "has no `tag`", "check another run (see: chaos-aura runs)")
    return tag


def _document(
    run: KeptRun, validity: Validity, said: Judgement, found: ExactlyOnce, history: ReadHistory
) -> dict[str, Any]:
    """Fields are only ever added."""
    return {
        "schema": 1,
        "run": run.id,
        "validity": validity.value,
        "operations": len(history.operations),
        "unread": history.unread,
        "reasons": list(said.reasons),
        "consistency": found.to_dict(),
    }
