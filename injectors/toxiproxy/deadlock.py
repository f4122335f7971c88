"""A proxy that Toxiproxy will never answer for again, and the only end of it: that of the process.

Toxiproxy 2.12 removes and adds toxics with a lock that a connection needs to end; where a toxic waits for such a
connection, nothing moves any more. The rest of the server is well.
"""

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.process import ProcessId
from injectors.supervised.threads import threads_of
from injectors.toxiproxy.toxic import ProxyState
from injectors.toxiproxy.unanswered import Unanswered

_DEAD_WITHIN_S = 0.5
_LOOK_EVERY_S = 0.01


@dataclass(frozen=True, slots=True)
class Patience:
    """A proxy that has not answered for `silent_s` is deadlocked, where all else is told within `prompt_s`."""

    silent_s: float
    prompt_s: float


SOON = Patience(silent_s=0.3, prompt_s=0.1)
LATER = Patience(silent_s=1.0, prompt_s=0.5)  # where the machine is too busy for the other


class Answering(Protocol):
    def version(self, within_s: float = ...) -> str: ...

    def proxy(self, name: str, within_s: float = ...) -> ProxyState | None: ...


def is_deadlocked(server: Answering, proxy: str, process: ProcessId, patience: Patience = LATER) -> bool:
    """Of a proxy that has kept silent once. One that is stopped, or slow in everything, is not."""
    return (
        _runs(process)
        and _tells_its_version(server, patience.prompt_s)
        and _keeps_silent_about(server, proxy, patience.silent_s)
        and _tells_its_version(server, patience.prompt_s)
        and _runs(process)
    )


def kill(process: ProcessId) -> None:
    """By its descriptor, so that no other process can be meant."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        if process.is_alive():
            with suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], _DEAD_WITHIN_S)
    finally:
        os.close(handle)


def await_successor(server: Answering, hurry: Callable[[], None], deadline_s: float) -> bool:
    """Which has all its proxies before it answers anything."""
    while not _tells_its_version(server, LATER.prompt_s):
        if time.monotonic() > deadline_s:
            return False
        hurry()
        time.sleep(_LOOK_EVERY_S)
    return True


def _tells_its_version(server: Answering, within_s: float) -> bool:
    try:
        return bool(server.version(within_s))
    except ChaosAuraError:
        return False


def _keeps_silent_about(server: Answering, proxy: str, within_s: float) -> bool:
    try:
        server.proxy(proxy, within_s)
    except Unanswered as unanswered:
        return unanswered.came_too_late
    except ChaosAuraError:
        return False
    return False


def _runs(process: ProcessId) -> bool:
    """It is alive, and no thread of it has been stopped."""
    return not threads_of([process]).stopped and process.is_alive()
