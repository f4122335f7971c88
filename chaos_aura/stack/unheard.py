"""What the environment says that this start does not do: said aloud, so that nobody waits for it."""

from collections.abc import Mapping

from chaos_aura.stack import inventory
from chaos_aura.stack.flags import flags_in
from chaos_aura.stack.project import Project
from chaos_aura.stack.services.temporal import database


def unheard(environ: Mapping[str, str], project: Project, *, runs: bool) -> tuple[str, ...]:
    """Asked before anything is started."""
    notes = []
    if runs and (flags := flags_in(environ)):
        remedy = "write them into .chaos-aura/flags.json, or run: chaos-aura down, then up"
        notes.append(f"{', '.join(flags)}: what runs keeps the flags that it was started with; {remedy}")
    if inventory.inventory_in(environ) and (runs or database(project).exists()):
        notes.append(f"{inventory.VARIABLE}: this stack keeps the GPUs that it has until chaos-aura down --purge")
    return tuple(notes)
