"""One run: what everything that belongs to it shares."""

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import BadInput
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.core.project import Project
from chaos_aura.record.timeline import Timeline
from chaos_aura.run.about import About
from chaos_aura.run.conclusion import Verdicts
from chaos_aura.run.folder import RunFolder, new_tag
from chaos_aura.run.options import Options
from chaos_aura.run.standing import Phase

if TYPE_CHECKING:
    from chaos_aura.core.lease import Lease

_SCHEMA = 1
_SEED = "CHAOS_AURA_SEED"
_LARGEST_SEED = 1 << 31


@dataclass
class Run:
    """`stop` ends it from any thread: the conductor brings the main thread to its end."""

    project: Project
    folder: RunFolder
    about: About
    options: Options
    seed: int
    tag: str
    began_ns: int
    began_at: datetime
    timeline: Timeline
    verdicts: Verdicts = field(default_factory=Verdicts)
    phase: Phase = Phase.PREFLIGHT
    phase_began_ns: int = 0
    catalogue: Catalogue | None = None
    momentary: set[str] = field(default_factory=set)  # leases of faults from which the system must heal itself
    is_ending: bool = False  # a signal may set it: whatever is wrong from now on is no news
    on_stop: Callable[[], None] = lambda: None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _first: threading.Lock = field(default_factory=threading.Lock)  # who takes it keeps it

    @classmethod
    def begin(cls, project: Project, about: About, options: Options, environ: Mapping[str, str]) -> "Run":
        began_at = datetime.now(UTC)
        project.make()
        folder = RunFolder.make(project.home, about.name, began_at)
        seed = _seed(options, environ)
        began_ns = time.monotonic_ns()
        run = cls(
            project, folder, about, options, seed, new_tag(), began_ns, began_at, Timeline(folder.timeline),
            phase_began_ns=began_ns,
        )  # fmt: skip
        folder.write(folder.about, run._about())
        return run

    def enter(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase, self.phase_began_ns = phase, time.monotonic_ns()
            self.timeline.tell("run.phase", phase=phase.value)

    def lost(self, lease: "Lease", why: str) -> None:
        self.verdicts.against(RunOutcome.NOT_HELD, f"{lease.fault}: was lost before it was to end: {why}")

    def stop(self, outcome: RunOutcome, reason: str) -> None:
        """The first who stops it says why; whatever else is wrong is told, too."""
        self.verdicts.against(outcome, reason)
        if self._first.acquire(blocking=False):
            self._stopping.set()
            self.timeline.tell("run.stopped", outcome=outcome.value, why=reason)
            self.on_stop()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def wait(self, for_s: float) -> bool:
        """Whether it was stopped meanwhile."""
        return self._stopping.wait(for_s)

    def since_began_s(self, at_ns: int) -> float:
        return round((at_ns - self.began_ns) / 1e9, 4)

    def _about(self) -> dict[str, Any]:
        return {
            "schema": _SCHEMA,
            "id": self.folder.id,
            "tag": self.tag,
            "experiment": self.about.file,
            "title": self.about.title,
            "seed": self.seed,
            "began_ns": self.began_ns,
            "began_at": self.began_at.isoformat(),
            "pid": os.getpid(),
        }


def _seed(options: Options, environ: Mapping[str, str]) -> int:
    """The environment's wins: it is what `again` gives."""
    if said := environ.get(_SEED):
        if not (said.isascii() and said.isdigit()):
            raise BadInput(_SEED, f"is {said!r}", "give a whole number, or unset it")
        return int(said)
    return random.SystemRandom().randrange(_LARGEST_SEED) if options.seed is None else options.seed
