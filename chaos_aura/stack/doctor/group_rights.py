"""Whether this user can limit a process by control groups: a group is made, a process put in, both removed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.stack.doctor.control_groups import Place, place_of_own, versions
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.program import guest
from chaos_aura.stack.doctor.scene import Scene
from chaos_aura.stack.doctor.trace import clear_abandoned, own_name

# Generous to whoever does nothing: only whether it is taken and read back matters.
_CONTROLS = {
    ("cpu", 1): ("cpu.cfs_quota_us", "90000"),
    ("cpu", 2): ("cpu.max", "90000 100000"),
    ("memory", 1): ("memory.limit_in_bytes", "1073741824"),
    ("memory", 2): ("memory.max", "1073741824"),
}
_REMOVED_WITHIN_S = 5.0  # also on a machine that has much to do
_TRY_EVERY_S = 0.01
_MEANS = {
    "cpu": "cpu_throttle only by stopping and continuing a process; nothing else is affected",
    "memory": "no memory_limit; nothing else is affected",
}
_CANNOT = {"cpu": (), "memory": ("memory_limit",)}


class _Refused(Exception):
    pass


@dataclass(frozen=True)
class ControllerCheck:
    controller: str

    def __call__(self, _: Scene) -> Iterator[Finding]:
        mounted = " and ".join(f"v{number}" for number in versions()) or "no version"
        place = place_of_own(self.controller)
        if place is None:
            yield self._lacking(f"{mounted} mounted, none with this controller", "mount it, or run outside a container")
            return
        try:
            _try(place, *_CONTROLS[self.controller, place.version])
        except (_Refused, OSError) as cause:
            why = getattr(cause, "strerror", None) or str(cause)
            remedy = "run as root, or in a group of your own: systemd-run --user --scope -p Delegate=yes chaos-aura up"
            yield self._lacking(f"v{place.version} at {place.folder}: {why}", remedy)
            return
        seen = f"v{place.version}: a child group took a process and its limit"
        yield Finding(f"cgroup {self.controller}", Group.INJECTORS, State.OK, seen)

    def _lacking(self, seen: str, remedy: str) -> Finding:
        name, means, cannot = f"cgroup {self.controller}", _MEANS[self.controller], _CANNOT[self.controller]
        return Finding(name, Group.INJECTORS, State.MISSING, seen, means, remedy, cannot=cannot)


def _try(place: Place, file: str, value: str) -> None:
    """Of version 2 a group beside our own may do where none below it can: a group with processes has no children."""
    parents = [place.folder] if place.version == 1 or place.folder == place.top else list(place.upwards())[:2]
    refusals: list[Exception] = []
    for parent in parents:
        try:
            with _child_group(parent) as child:
                _take_in(child, file, value)
            return
        except (_Refused, OSError) as cause:
            refusals.append(cause)
    raise refusals[0]


def _take_in(child: Path, file: str, value: str) -> None:
    control = child / file
    if not control.exists():
        raise _Refused(f"a child group has no {file}: its controller is not passed on")
    control.write_text(value, encoding="ascii")
    if control.read_text(encoding="ascii").strip() != value:
        raise _Refused(f"{file} was written and not kept")
    with guest() as pid:
        (child / "cgroup.procs").write_text(str(pid), encoding="ascii")
        if child.name not in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8"):
            raise _Refused("a process was put into a child group and is not there")


@contextmanager
def _child_group(parent: Path) -> Iterator[Path]:
    clear_abandoned(parent, Path.rmdir)
    child = parent / own_name()
    child.mkdir()
    try:
        yield child
    finally:
        _remove(child)


def _remove(group: Path) -> None:
    """The kernel calls a group busy until what died in it has gone altogether."""
    deadline_s = time.monotonic() + _REMOVED_WITHIN_S
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(_TRY_EVERY_S)
        else:
            return
