"""`chaos-aura trace`."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from chaos_aura.cli.trace_steps import TracedStep, read_steps
from chaos_aura.cli.trace_stores import ask_stores
from chaos_aura.core.errors import BadInput, ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.stack.external.refusing import refuse_what_only_ours_have

_NS_PER_US = 1000


def trace(
    request_id: Annotated[str, typer.Argument(help="The id under which it was asked, in the body or X-Request-Id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a tree.")] = False,
) -> None:
    """Show what one request went through, and what each store holds of it.

    Steps are read from what the platform's processes keep in .chaos-aura/spans; a step that has just ended may take a
    second to get there. Stores are asked directly, not through the edges that clients use. One that does not answer
    within 3 seconds is shown as away. Exits with 1 if neither a step nor a store knows the request.

    --json: {"schema": 1, "request_id", "known", "steps": [{"span_id", "parent", "name", "component", "process",
    "start_us", "duration_us", "status", "error", "input", "output", ...}], "stores": {"temporal", "pool", "neo4j",
    "redis", "kafka": {"state", "why", "held"}}}; start_us counts from the first step; a state is found, nothing or
    away.
    """
    if not request_id.strip():
        raise BadInput("(empty id)", "names no request", "give the id under which it was asked")
    project = Project.around(Path.cwd(), os.environ)
    refuse_what_only_ours_have("trace", project, os.environ)
    with ask_stores(project, request_id) as asked:
        steps = read_steps(project.home / "spans", request_id)
        stores = asked.answers()
    is_known = bool(steps) or any(store["state"] == "found" for store in stores.values())
    if as_json:
        typer.echo(json.dumps(_document(request_id, steps, stores, is_known=is_known), indent=2))
    elif is_known:
        _print(request_id, steps, stores)
    if not is_known:
        raise _unknown(request_id, stores)


def _document(
    request_id: str, steps: Sequence[TracedStep], stores: Mapping[str, Any], *, is_known: bool
) -> dict[str, Any]:
    """Version 1. Fields are only ever added."""
    began_ns = steps[0].start_ns if steps else 0
    return {
        "schema": 1,
        "request_id": request_id,
        "known": is_known,
        "steps": [{**asdict(step), "start_us": (step.start_ns - began_ns) // _NS_PER_US} for step in steps],
        "stores": stores,
    }


def _print(request_id: str, steps: Sequence[TracedStep], stores: Mapping[str, Any]) -> None:
    from chaos_aura.cli.trace_view import print_trace  # noqa: PLC0415 - a program that wants JSON draws no tree

    print_trace(request_id, steps, stores)


def _unknown(request_id: str, stores: Mapping[str, Any]) -> ChaosAuraError:
    away = [name for name, store in stores.items() if store["state"] == "away"]
    why = "no step of it is kept here" + (
        f", and {_listed(away)} cannot be asked" if away else ", and no store knows it"
    )
    return ChaosAuraError(
        request_id, why, "run: chaos-aura up" if away else "look at the id: nobody asked under this one"
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
