"""Whoever keeps the services of a stack: our supervisor, or Docker's engine, which only stacks with containers load."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from chaos_aura.core.catalogue import LOCAL, Catalogue
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.place import CATALOGUE

if TYPE_CHECKING:
    from chaos_aura.containers.keeper import Containers


def keeper_of(home: Path, environ: Mapping[str, str]) -> "Supervision | Containers":
    """Of the stack in this folder: ours, unless its catalogue says otherwise."""
    path = home / CATALOGUE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Supervision(home)
    catalogue = Catalogue.from_json(text, str(path))
    if catalogue.stack == LOCAL:
        return Supervision(home)
    from chaos_aura.containers.engine import Engine  # noqa: PLC0415 - for who has some
    from chaos_aura.containers.keeper import Containers  # noqa: PLC0415

    return Containers(catalogue, Engine(environ))
