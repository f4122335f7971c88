"""`chaos-aura down`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chaos_aura.cli.output import Output, say_aside
from chaos_aura.core.catalogue import EXTERNAL
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import stack_meant
from chaos_aura.faults.place import FOLDER, LEDGER
from chaos_aura.report.kept_runs import kept_runs
from chaos_aura.stack.external.refusing import not_ours
from chaos_aura.stack.of_kind import bring_down_any


def down(
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove its data, logs, configuration and the records of its runs too.")
    ] = False,
) -> None:
    """End the stack.

    Faults are healed first. Data are kept for the next start, unless purged. Afterwards no process, port or socket of
    it is left.
    """
    project = Project.around(Path.cwd(), os.environ)
    is_there, runs, output = project.home.exists(), len(kept_runs(project.home)), Output()
    has_faults = (project.home / FOLDER / LEDGER).exists()
    if has_faults:
        from chaos_aura.cli.faults_of_stack import await_end_of_reaper, end_faults  # noqa: PLC0415 - most have none

        end_faults(project.home, output)
    _refuse_external(project)
    was_running = bring_down_any(project, os.environ, purge=purge and not has_faults, on_wait=_tell_waiting)
    output.say("down" if was_running else "was not running")
    if has_faults:
        end_faults(project.home, output, is_last=purge)
        await_end_of_reaper(project.home)
        if purge:
            bring_down_any(project, os.environ, purge=True, on_wait=_tell_waiting)
    if purge and is_there:
        records = f", with the records of {runs} run{'s' * (runs != 1)}" if runs else ""
        output.say(f"removed {project.home}{records}")
    output.check()


def _refuse_external(project: Project) -> None:
    """A file that cannot be read keeps nobody from ending what is ours."""
    try:
        meant = stack_meant(project.root, os.environ)
    except ChaosAuraError:
        return
    if meant == EXTERNAL:
        raise not_ours()


def _tell_waiting() -> None:
    say_aside("waiting for another command")
