"""The stack around here: its folder, and what that says of it."""

import os
from collections.abc import Mapping
from pathlib import Path

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import StackDown
from chaos_aura.core.project import Project
from chaos_aura.supervision.place import CATALOGUE


def home(environ: Mapping[str, str] = os.environ) -> Path:
    return Project.around(Path.cwd(), environ).home


def catalogue(of: Path | None = None) -> Catalogue:
    """Of that folder, else of the stack around here. StackDown when there is none."""
    folder = of or home()
    path = folder / CATALOGUE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as cause:
        why = f"has no catalogue ({cause.strerror})"
        raise StackDown(f"stack of {folder.parent}", why, "run: chaos-aura up") from cause
    return Catalogue.from_json(text, str(path))
