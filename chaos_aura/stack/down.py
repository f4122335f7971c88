"""Ends a stack: afterwards no process, port or socket of it is left."""

import shutil
from collections.abc import Callable
from pathlib import Path

from chaos_aura.core.errors import StackDown
from chaos_aura.core.project import Project
from chaos_aura.stack.command_lock import changing
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.supervision.place import TRAINING

_WITHIN_S = 40.0


def bring_down(project: Project, *, purge: bool, on_wait: Callable[[], None]) -> bool:
    """Whether there was something to end. With `purge` its data, logs and configuration go too."""
    if not project.home.exists():
        return False
    with changing(project, on_wait):
        was_running = shut_down(project)
        if purge:
            remove(project.home)
    return was_running


def shut_down(project: Project) -> bool:
    try:
        SupervisorClient(project.home).shut_down(_WITHIN_S)
    except StackDown:
        was_running = False
    else:
        was_running = True
    finally:
        project.catalogue.unlink(missing_ok=True)
    remove(project.home / TRAINING)  # killed, the job could not tidy up
    return was_running


def remove(folder: Path) -> None:
    """A link to a folder elsewhere goes with what it leads to."""
    is_link = folder.is_symlink()
    shutil.rmtree(folder.resolve() if is_link else folder, onexc=_unless_gone)
    if is_link:
        folder.unlink()


def _unless_gone(remove: Callable[..., object], path: str, cause: BaseException) -> None:
    if not isinstance(cause, FileNotFoundError):
        raise cause
