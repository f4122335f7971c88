"""Before any command: faults that nobody watches over get a reaper again."""

import os
from pathlib import Path

from chaos_aura.core.project import Project
from chaos_aura.faults.place import FOLDER, LEDGER


def watch() -> None:
    home = Project.around(Path.cwd(), os.environ).home
    if (home / FOLDER / LEDGER).exists():
        from chaos_aura.faults.reaper.mending import watch_over_what_is_left  # noqa: PLC0415 - most stacks have no fault

        watch_over_what_is_left(home)
