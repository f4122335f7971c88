"""Who owns what this process injects."""

import os

from chaos_aura.core.boot import boot_id
from chaos_aura.core.errors import LedgerUnusable
from chaos_aura.core.lease import Owner
from chaos_aura.core.process import ProcessId


def this_process() -> Owner:
    process = ProcessId.of(os.getpid())
    if process is None:
        raise LedgerUnusable("/proc", "does not tell of this process", "mount /proc")
    return Owner(process, boot_id())
