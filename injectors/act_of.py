"""By which act a fault is done, where an injector has one for each kind."""

from chaos_aura.core.fault import Fault


def act_of(fault: Fault) -> str:
    """A kill that is not to come back is a stop without grace: only whoever keeps the process can keep it down."""
    return "stop" if fault.kind == "kill" and not fault.flag("comes_back") else fault.kind
