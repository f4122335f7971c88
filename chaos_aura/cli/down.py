"""`chaos-aura down`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.cli.output import Output, say_aside
from chaos_aura.core.project import Project
from chaos_aura.faults.place import FOLDER, LEDGER
from chaos_aura.stack.down import bring_down


def down(
    purge: Annotated[bool, typer.Option("--purge", help="Remove its data, logs and configuration too.")] = False,
) -> None:
    """End the stack.

    Faults are healed first. Data are kept for the next start, unless purged. Afterwards no process, port or socket of
    it is left.
    """
    project = Project.around(Path.cwd(), os.environ)
    is_there, output = project.home.exists(), Output()
    has_faults = (project.home / FOLDER / LEDGER).exists()
    if has_faults:
        from chaos_aura.cli.faults_of_stack import await_end_of_reaper, end_faults  # noqa: PLC0415 - most have none

        end_faults(project.home, output)
    was_running = bring_down(project, purge=purge and not has_faults, on_wait=_tell_waiting)
    output.say("down" if was_running else "was not running")
    if has_faults:
        end_faults(project.home, output, is_last=purge)
        await_end_of_reaper(project.home)
        if purge:
            bring_down(project, purge=True, on_wait=_tell_waiting)
    if purge and is_there:
        output.say(f"removed {project.home}")
    output.check()


def _tell_waiting() -> None:
    say_aside("waiting for another command")
