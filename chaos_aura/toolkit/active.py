"""The run that our control conducts in this process. Actions refuse to act without one: nobody would judge them."""

import os
import signal
import threading
from typing import TYPE_CHECKING, Protocol

from chaoslib.exceptions import InterruptExecution

from chaos_aura.run.evidence import Evidence
from chaos_aura.run.run import Run
from chaos_aura.toolkit.said import LOGGER

if TYPE_CHECKING:
    from chaos_aura.run.load_wanted import LoadWanted
    from chaos_aura.run.tenants import Tenants
    from chaos_aura.toolkit.session import Session

_NONE = (
    "chaos-aura: this experiment has no active control, so nothing would be proven, watched or judged; declare the "
    'control `chaos_aura.toolkit.control` in its "controls" (see docs/cookbook.md); nothing was touched'
)


class Conducting(Protocol):
    """What actions need of whoever conducts."""

    evidence: Evidence

    @property
    def begun(self) -> Run: ...

    def start_load(self, wanted: "LoadWanted") -> "Tenants": ...


_conducting: list[Conducting] = []
_hurting: "list[Session]" = []


def begin(conductor: Conducting) -> None:
    _conducting.append(conductor)


def end() -> None:
    _conducting.clear()


def hurts(session: "Session") -> None:
    """Said by the session itself: whoever stops a run must not have to look for it, nor import what it needs."""
    _hurting.append(session)


def hurting() -> "Session | None":
    return _hurting[-1] if _hurting else None


def run() -> Run | None:
    return _conducting[-1].begun if _conducting else None


def required() -> Run:
    return conducting().begun


def conducting() -> Conducting:
    """Without one the whole execution ends: Chaos Toolkit would take a failed action for a success (exit 0)."""
    if not _conducting:
        if threading.current_thread() is not threading.main_thread():
            # What a background activity raises is swallowed.
            LOGGER.error(_NONE)
            os.kill(os.getpid(), signal.SIGTERM)
        raise InterruptExecution(_NONE)
    return _conducting[-1]
