"""How long a fault may take until it is proven in force. What asks a process to end, for one, gives it its time."""

import sys

from chaos_aura.core.errors import PlugInBroken
from chaos_aura.core.fault import Fault
from chaos_aura.faults.border import bordered
from chaos_aura.faults.injector import Injector

PROVEN_WITHIN_S = 5.0


def takes_s(injector: Injector, fault: Fault) -> float:
    """How much longer than usual. A lease without an end could come of what a stranger's code says."""
    asked = getattr(injector, "takes_s", None)
    if asked is None:
        return 0.0
    said = bordered(injector.name, "takes_s", lambda: asked(fault))
    is_number = isinstance(said, int | float) and not isinstance(said, bool)
    if not (is_number and 0 <= said <= sys.float_info.max):
        why = f"method `takes_s` says {said!r}, which is no number of seconds"
        raise PlugInBroken(f"injector {injector.name}", why, "mend the plug-in")
    return float(said)
