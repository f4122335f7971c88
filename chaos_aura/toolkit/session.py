"""The one engine of this process, through which every action injects."""

import atexit
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.lease import Lease
from chaos_aura.core.project import Project
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.reaper.mending import watch_over_what_is_left
from chaos_aura.faults.registry import Registry


@dataclass(frozen=True, slots=True)
class Session:
    ground: Ground
    registry: Registry
    engine: Engine
    link: ReaperLink


_opening = threading.Lock()
_open: dict[Path, Session] = {}
_ended_here: set[str] = set()
_left: set[str] = set()


def engine() -> Engine:
    return current().engine


def current() -> Session:
    """Of the project around the current folder. What it has injected is healed when this process ends at the latest."""
    ground = Ground(Project.around(Path.cwd(), os.environ).home, dict(os.environ))
    with _opening:
        if ground.home not in _open:
            _mend(ground.home)
            link, registry = ReaperLink(ground.home), Registry.installed(ground)
            _open[ground.home] = Session(ground, registry, Engine(ground, registry, link), link)
        return _open[ground.home]


def _mend(home: Path) -> None:
    """As before any command: a run that was killed together with its reaper is put right by the next one."""
    with suppress(ChaosAuraError, OSError):  # what is asked for will say what is wrong with the project
        watch_over_what_is_left(home)


def will_end(leases: Iterable[Lease]) -> None:
    """Said before it is done: whoever holds one of them may see its end before the healing returns."""
    _ended_here.update(lease.id for lease in leases if not lease.revoked)


def has_ended(lease: Lease) -> bool:
    """Whether it was this run that ended it, and nobody else."""
    return lease.id in _ended_here


def leave(lease: Lease) -> None:
    """In force, and its activity over: nobody looks at it any more until it is healed."""
    _left.add(lease.id)


def has_left(lease: Lease) -> bool:
    return lease.id in _left


@atexit.register
def _close() -> None:
    """The reaper ends what this could not."""
    for session in _open.values():
        try:
            session.engine.heal_mine()
        except Exception:  # noqa: BLE001 - the last chance of each: the reaper ends what this could not
            continue
        finally:
            session.engine.close()
            session.link.close()
