"""A run judged again, from what its folder keeps."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from chaos_aura.cli.validity import say
from chaos_aura.core.errors import BadInput
from chaos_aura.core.operation import Operation
from chaos_aura.core.project import Project
from chaos_aura.core.verdict import Judgement, Verdict, together
from chaos_aura.judge.consistency.stores.agreement import STORES
from chaos_aura.judge.consistency.verdict import Validity
from chaos_aura.judge.exactly_once import ExactlyOnce, exactly_once_of
from chaos_aura.record.batches import batches
from chaos_aura.record.rows import OF_ALLOCATIONS
from chaos_aura.record.stores import FILE, Stores, read_stores
from chaos_aura.report.kept_runs import KeptRun, chosen, kept_runs

_SHOWN, _LINES = 5, 8
_MS = 1e6
_VALIDITIES = {Verdict.PASS: Validity.VALID, Verdict.FAIL: Validity.INVALID, Verdict.UNKNOWN: Validity.UNKNOWN}


def check_run(wanted: str, *, as_json: bool) -> Validity:
    """Says what came of it. BadInput when there is no such run, or it recorded nothing."""
    run = chosen(kept_runs(Project.around(Path.cwd(), os.environ).home), wanted)
    found = _judged(run)
    said = together(found.judgements.values())
    validity = _VALIDITIES[said.verdict]
    if as_json:
        typer.echo(json.dumps(_document(run, validity, said, found), indent=2))
    else:
        say(validity, f"{run.id}: {found.operations:,} operations, {found.agreement.acknowledged:,} grants")
        for reason in said.reasons:
            typer.echo(f"  {reason}")
        for line in _evidence(found):
            typer.echo(line)
    return validity


def _judged(run: KeptRun) -> ExactlyOnce:
    empty = BadInput(run.id, "recorded no operation", "check one whose experiment drives a load")
    if not any(run.folder.glob("history-*.jsonl")):
        raise empty
    stores = _stores_of(run)
    with batches(run.folder, filter(stores.is_read, OF_ALLOCATIONS)) as (some, sorter):
        found = exactly_once_of(some, stores, run.tag, sorter.buckets("holds"))
    if not found.operations:
        raise empty
    return found


def _evidence(found: ExactlyOnce) -> Iterator[str]:
    """Of the first few what shows it."""
    for finding in found.agreement.findings[:_SHOWN]:
        yield f"{finding}:"
        for op in finding.operations[:_LINES]:
            yield f"  {op.what} by {op.by}, {_times(op)}, operation {op.id}"
        for row in finding.seen[:_LINES]:
            yield f"  {finding.store} holds {json.dumps(row)}"
    if (more := sum(found.agreement.counts.values()) - _SHOWN) > 0:
        yield f"and {more} more (see: --json)"


def _times(op: Operation) -> str:
    if op.ended_ns is None:
        return "never answered"
    outcome = op.outcome.value if op.outcome else "info"
    return f"{outcome} after {(op.ended_ns - op.invoked_ns) / _MS:.1f} ms, at {op.ended_ns} ns"


def _stores_of(run: KeptRun) -> Stores:
    """Without a dump nobody knows what they held."""
    path = run.folder / FILE
    if path.exists():
        return read_stores(path)
    return Stores(missing=dict.fromkeys(STORES, "this run kept no dump of it"))


def _document(run: KeptRun, validity: Validity, said: Judgement, found: ExactlyOnce) -> dict[str, Any]:
    """Fields are only ever added."""
    return {
        "schema": 1,
        "run": run.id,
        "validity": validity.value,
        "operations": found.operations,
        "unread": found.unread,
        "reasons": list(said.reasons),
        "consistency": found.to_dict(),
    }
