"""What the environment says that this start does not do: said aloud, so that nobody waits for it."""

from collections.abc import Mapping

from chaos_aura.core.project import Project
from chaos_aura.stack import inventory
from chaos_aura.stack.flags import flag_names_in
from chaos_aura.stack.services.temporal import database


def unheard(environ: Mapping[str, str], project: Project, *, runs: bool) -> tuple[str, ...]:
    """Asked before anything is started."""
    notes = []
    if runs and (flags := flag_names_in(environ)):
        remedy = "write them into .chaos-aura/flags.json, or run: chaos-aura down, then up"
        notes.append(f"{', '.join(flags)}: what runs keeps the flags that it was started with; {remedy}")
    if inventory.inventory_in(environ) and (runs or database(project).exists()):
        remedy = "a stack that runs, and a pool that was made before, keep theirs until chaos-aura down --purge"
        notes.append(f"{inventory.VARIABLE}: {remedy}")
    return tuple(notes)
