"""What every command does first: leases that nobody watches over get a reaper again.

It costs a command next to nothing where there is no open lease.
"""

from contextlib import suppress
from pathlib import Path

from chaos_aura.core.signature import signer
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER, LEDGER, REAPER_LOCK
from chaos_aura.faults.reaper.launch import launch


def watch_over_what_is_left(home: Path) -> bool:
    """Whether one had to be started. ReaperMissing when it could not be."""
    folder = home / FOLDER
    with suppress(OSError):
        if (folder / LEDGER).stat().st_size and Ledger(folder).open_leases() and not signer(folder / REAPER_LOCK):
            launch(home)
            return True
    return False
