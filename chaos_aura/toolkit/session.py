"""The one engine of this process, through which every action injects."""

import atexit
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.reaper.mending import watch_over_what_is_left
from chaos_aura.faults.registry import Registry
from chaos_aura.run.own_faults import OwnFaults
from chaos_aura.toolkit import active


@dataclass(frozen=True, slots=True)
class Session:
    ground: Ground
    registry: Registry
    engine: Engine
    link: ReaperLink
    faults: OwnFaults


_opening = threading.Lock()
_open: dict[Path, Session] = {}


def current() -> Session:
    """Of the project around the current folder. What it has injected is healed when this process ends at the latest."""
    home = Project.around(Path.cwd(), os.environ).home
    with _opening:
        if home not in _open:
            _mend(home)
            _open[home] = _opened(Ground(home, dict(os.environ)))
            active.hurts(_open[home])
        return _open[home]


def _opened(ground: Ground) -> Session:
    run = active.run()
    link, registry = ReaperLink(ground.home), Registry.installed(ground)
    engine = Engine(ground, registry, link, timeline=run.folder.timeline if run else None)
    return Session(ground, registry, engine, link, OwnFaults(engine, *([run.lost] if run else [])))


def _mend(home: Path) -> None:
    """As before any command: a run that was killed together with its reaper is put right by the next one."""
    with suppress(ChaosAuraError, OSError):  # what is asked for will say what is wrong with the project
        watch_over_what_is_left(home)


@atexit.register
def close() -> None:
    """The reaper ends what this could not."""
    for session in _open.values():
        try:
            session.faults.close()
            session.faults.end_all()
        except Exception:  # noqa: BLE001 - the last chance of each: the reaper ends what this could not
            continue
        finally:
            session.engine.close()
            session.link.close()
    _open.clear()
