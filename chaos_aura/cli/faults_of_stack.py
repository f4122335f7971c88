"""The faults of a stack that is ended: healed before, and what then is left once more after it."""

import os
import time
from pathlib import Path

from chaos_aura.cli.fault_engine import engine_on
from chaos_aura.cli.output import Output
from chaos_aura.core.errors import NotHealed
from chaos_aura.core.signature import signer
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER, REAPER_LOCK

_REAPER_ENDS_WITHIN_S = 2.0
_LOOK_EVERY_S = 0.02


def end_faults(home: Path, output: Output, *, is_last: bool = False) -> None:
    """Says what was healed. NotHealed when something is left after the last try: what can heal it must stay."""
    if Ledger(home / FOLDER).open_leases():
        ground = Ground(home, dict(os.environ))
        with engine_on(ground) as engine:
            for outcome in engine.heal(engine.ledger.open_leases()):
                lease = outcome.lease
                output.say(f"{outcome.ending.value}: {lease.fault} (lease {lease.id}): {outcome.why}")
    left = Ledger(home / FOLDER).open_leases()
    if left and is_last:
        by_hand = f"; by hand: {left[0].undo.by_hand}" if left[0].undo.by_hand else ""
        raise NotHealed(str(left[0].fault), left[0].why, f"nothing was removed; run: chaos-aura heal --all{by_hand}")


def await_end_of_reaper(home: Path) -> None:
    """With nothing left to guard it ends by itself, once no other command of this stack runs any more."""
    if Ledger(home / FOLDER).open_leases():
        return
    deadline_s = time.monotonic() + _REAPER_ENDS_WITHIN_S
    while signer(home / FOLDER / REAPER_LOCK) and time.monotonic() < deadline_s:
        time.sleep(_LOOK_EVERY_S)
