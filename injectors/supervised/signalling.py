"""Signals that can only reach the process that is meant: its number may be another's by now."""

import os
import signal

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.process import ProcessId


def send(process: ProcessId, number: signal.Signals) -> bool:
    """False when it is dead."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        if not process.is_alive():  # looked at only now, when the descriptor cannot become a stranger's any more
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    except PermissionError as cause:
        why = f"may not be sent {number.name} ({os.strerror(cause.errno or 0)})"
        raise TargetUnfit(f"process {process.pid}", why, "run as the user whose stack it is") from cause
    finally:
        os.close(descriptor)
    return True
