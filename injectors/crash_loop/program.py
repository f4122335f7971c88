"""`program.py HOME SERVICE EVERY_MS`: kills a supervised process again each time it has come back and lived so long."""

import signal
import sys
from pathlib import Path

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.lasting.helper import Helper
from chaos_aura.supervision.client import Supervision
from injectors.supervised.signalling import send

_LOOK_EVERY_S = 0.02
_MS = 1000


def run(helper: Helper) -> None:
    home, service, every_ms = helper.arguments
    supervision, kills = Supervision(Path(home)), 0
    look_s = 0.0
    while helper.wait(look_s):
        look_s = _LOOK_EVERY_S
        process = _living(supervision, service)
        if process is None:
            continue
        left_s = int(every_ms) / _MS - process.uptime_s()
        if left_s > 0:
            look_s = min(left_s, _LOOK_EVERY_S)
        elif send(process, signal.SIGKILL):
            kills += 1
            helper.report(kills=kills)


def _living(supervision: Supervision, service: str) -> ProcessId | None:
    try:
        child = supervision.children().get(service)
    except ChaosAuraError as cause:  # nobody supervises now: there is nobody to kill either
        print(cause, file=sys.stderr)  # noqa: T201 - that is its log
        return None
    return child.process if child and child.process and child.process.is_alive() else None
