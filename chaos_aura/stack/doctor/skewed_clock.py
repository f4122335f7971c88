"""Whether services can be given clocks of their own: the very library that they would get, tried as a start does."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack import clocks, faketime
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.scene import Scene
from chaos_aura.stack.doctor.trace import clear_abandoned, own_name

_CANNOT = ("clock_skew",)
_MEANS = "no clock_skew; nothing else is affected"


def look_at_clock_skew(scene: Scene) -> Iterator[Finding]:
    try:
        faketime.packaged()
    except MachineLacks as cause:
        yield _finding(State.MISSING, cause.why, cause.remedy)
        return
    try:
        clocks.refuse_split(clocks.kept_in(scene.cache))
        with _folder_in(scene.temporary) as folder:
            clocks.clock_library(Cache(folder), scene.site.service_environ)
    except MachineLacks as cause:
        yield _finding(State.BROKEN, cause.why, cause.remedy)
    else:
        seen = f"{faketime.packaged()} moves the clock of a process, and nothing else of it"
        yield Finding("libfaketime", Group.INJECTORS, State.OK, seen)


@contextmanager
def _folder_in(place: Path) -> Iterator[Path]:
    """The next doctor removes what one that was killed has left."""
    clear_abandoned(place, shutil.rmtree)
    folder = place / own_name()
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _finding(state: State, seen: str, remedy: str) -> Finding:
    return Finding("libfaketime", Group.INJECTORS, state, seen, _MEANS, remedy, cannot=_CANNOT)
