"""Whether a process can be given a clock of its own: libfaketime, tried on a Python that only tells the time."""

import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.program import ask
from chaos_aura.stack.doctor.scene import Scene

_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
_SHIFT_S = 7200
_TOLERANCE_S = 600
_CANNOT = ("clock_skew",)
_MEANS = "no clock_skew; nothing else is affected"
_REMEDY = "pip install libfaketime"


def look_at_clock_skew(scene: Scene) -> Iterator[Finding]:
    library = next(_libraries(), None)
    if library is None:
        seen = "no libfaketime, neither as a Python package nor in the system's folders"
        yield Finding("libfaketime", Group.INJECTORS, State.MISSING, seen, _MEANS, _REMEDY, cannot=_CANNOT)
        return
    off_s = _shown_by_a_process_with(library) - time.time()
    if abs(off_s - _SHIFT_S) < _TOLERANCE_S:
        seen = f"a process was {_SHIFT_S / 3600:g} h ahead with {library}"
        yield Finding("libfaketime", Group.INJECTORS, State.OK, seen)
    else:
        seen = f"{library} moved a clock by {off_s:.0f} s instead of {_SHIFT_S} s"
        yield Finding("libfaketime", Group.INJECTORS, State.BROKEN, seen, _MEANS, _REMEDY, cannot=_CANNOT)


def _libraries() -> Iterator[Path]:
    package = find_spec("libfaketime")
    for folder in package.submodule_search_locations or () if package else ():
        yield from sorted(Path(folder).rglob("libfaketime.so*"))
    for place in map(Path, _FOLDERS):
        yield from sorted(place.glob("faketime/libfaketime.so*"))
        yield from sorted(place.glob("*/faketime/libfaketime.so*"))


def _shown_by_a_process_with(library: Path) -> float:
    environ = {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"+{_SHIFT_S}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    told = ask([sys.executable, "-I", "-S", "-c", "import time; print(time.time())"], environ)
    return float(told.out) if told.code == 0 else 0.0
