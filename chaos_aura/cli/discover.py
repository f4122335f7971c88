"""`chaos-aura discover`."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import BadInput, MachineLacks
from chaos_aura.core.project import Project
from chaos_aura.core.project_file import FILE, LIMITS, read_tables, tables_of
from chaos_aura.faults.limits import Limits
from chaos_aura.stack.external.described import catalogue_of
from chaos_aura.stack.external.discovery import Discovered
from chaos_aura.stack.external.discovery import discover as discovered
from chaos_aura.stack.external.file_text import file_text


def discover(
    compose: Annotated[str, typer.Option("--compose", help="The compose project.", show_default=False)] = "",
    force: Annotated[bool, typer.Option("--force", help=f"Overwrite {FILE}; its limits are kept.")] = False,
    only_print: Annotated[bool, typer.Option("--print", help="Print it, write nothing.")] = False,
) -> None:
    """Describe somebody's running compose project, so that its services can be hurt.

    Looks at its containers and asks each published port what it is; changes nothing there. Writes chaos-aura.toml of
    the project around the current folder. Look through it before anything is hurt: what could not be found out is told
    in its comments.
    """
    root = Project.around(Path.cwd(), os.environ).root
    path = root / FILE
    if path.exists() and not (force or only_print):
        raise BadInput(str(path), "is there already", "see what would be written: --print; overwrite it: --force")
    limits = _limits(root)
    found = discovered(compose, Engine(os.environ))
    if not found.described:
        why = "; ".join(f"{each.compose_service}: {each.why_not}" for each in found.services)
        where = f"compose project {compose}"
        raise BadInput(where, f"has nothing that can be asked ({why})", "publish ports on 127.0.0.1")
    text = file_text(found, limits)
    catalogue_of(tables_of(text, str(path)), str(path))  # what is written can be read
    if only_print:
        typer.echo(text, nl=False)
        return
    _write(path, text)
    _tell(path, found)


def _limits(root: Path) -> dict[str, Any]:
    """Those that hold here: rather nothing is written than that one gets lost."""
    Limits.of(root)
    return dict(read_tables(root).get(LIMITS, {}))


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(".toml.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as cause:
        raise MachineLacks.because(cause) from cause


def _tell(path: Path, found: Discovered) -> None:
    typer.echo(f"wrote {path}")
    for each in found.services:
        guessed = f" (guessed: {each.guess.told})" if each.guess and not each.guess.has_answered else ""
        _say(each.name, f"{each.kind} at {each.address}{guessed}" if each.kind else "", each.why_not)
    for edge in found.edges:
        _say(edge.name or edge.proxy.name, f"edge at {edge.address}" if edge.address else "", edge.why_not)
    typer.echo("look through it; then: chaos-aura status")


def _say(name: str, what: str, why_not: str) -> None:
    typer.echo(f"  {name}: {what or f'left out, {why_not}'}")
