"""disk_full: one file takes the room that the data of a service could grow into."""

import errno
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaos_aura.core.catalogue import Service, Target
from chaos_aura.core.errors import MachineLacks, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.start import checked
from injectors.refusal import refuse_unless
from injectors.stress.part import BYTES_PER_MB, on_this_machine
from injectors.supervised.service import CONTAINERS

_DATA, _FILL = "data", "fill"
_PIECE_BYTES, _LEAST_PIECE_BYTES = 256 * BYTES_PER_MB, 64 * 1024
_FILLED_WITHIN_S = 4.0
_TOLERANCE_MB = 20  # what others give back meanwhile, and what a file system keeps for itself: ext4 up to 16
_ALLOCATED = 512  # st_blocks counts these


@dataclass(frozen=True, slots=True)
class _Room:
    """To be made scarce: `fill_mb` takes free room down to what shall stay."""

    free_mb: float
    fill_mb: float


class DiskFull:
    kind: ClassVar[str] = "disk_full"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def can(self, fault: Fault, target: Target) -> Capability:
        here = on_this_machine(fault, target)
        if not here:
            return here
        if isinstance(target, Service) and target.is_contained:  # whatever a stack without containers has left here
            why = f"{target.name} runs in a container, and keeps its data where that does"
            return no(why, f"leave it to the injector {CONTAINERS}", left_to=CONTAINERS)
        data = self._data(target)
        if not data.is_dir():
            return no(f"{target.name} keeps no data in {data}", "aim at a service of the local stack that keeps some")
        return _fits(fault, _room(data, fault))

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        return Footprint(frozenset({f"disk of {target.name}"}), hurts=self._on_disk_of(target))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), target.name)
        data = self._data(target)
        room, path = _room(data, fault), self._file(data, checked(lease_id))
        told = {
            "lease": lease_id,
            "kind": fault.kind,
            "target": target.name,
            "path": str(path),
            "bytes": int(room.fill_mb * BYTES_PER_MB),
            "leave_mb": fault.number("leave_mb"),
        }
        touches = (f"writes {path} of {room.fill_mb:.0f} MB: {fault.number('leave_mb'):.0f} MB stay free there",)
        return Undo(told, touches, f"rm -f '{path}'")

    def inject(self, undo: Undo) -> None:
        path = Path(undo.data["path"])
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                _fill(handle, undo.data["bytes"])
            finally:
                os.close(handle)
        except OSError as cause:
            raise MachineLacks.because(cause, str(path)) from cause

    def heal(self, undo: Undo) -> None:
        """Emptied first: who fills it may be stopped and have it open, and a file without a name still takes room."""
        path = Path(undo.data["path"])
        try:
            if not path.is_symlink():  # then it is none of ours
                with suppress(OSError):
                    os.truncate(path, 0)
            path.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as cause:
            raise MachineLacks.because(cause) from cause

    def in_force(self, undo: Undo) -> Proof:
        path, leave_mb = Path(undo.data["path"]), undo.data["leave_mb"]
        try:
            held_mb = path.stat().st_blocks * _ALLOCATED / BYTES_PER_MB
        except (FileNotFoundError, NotADirectoryError):
            return Proof(False, f"{path} is not there")
        free_mb, size_mb = _free_mb(path), undo.data["bytes"] / BYTES_PER_MB
        facts = {"free_mb": free_mb, "held_mb": held_mb}
        if free_mb > leave_mb + _TOLERANCE_MB:
            return Proof(False, f"{free_mb:.0f} MB are free, not {leave_mb:.0f}: others give room back there", facts)
        return Proof(held_mb > 0, f"{free_mb:.0f} MB are free, {path} takes {held_mb:.0f} of {size_mb:.0f} MB", facts)

    def gone(self, undo: Undo) -> Proof:
        path = Path(undo.data["path"])
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            there = next(parent for parent in path.parents if parent.exists())
            return Proof(True, f"{path} is not there, {_free_mb(there):.0f} MB are free", {"free_mb": _free_mb(there)})
        except OSError as cause:
            raise MachineLacks.because(cause) from cause
        return Proof(False, f"{path} is still there")

    def _on_disk_of(self, target: Target) -> frozenset[str]:
        """The services whose data would have no more room either: in most places all of them share one disk."""
        try:
            device = self._data(target).stat().st_dev
            folders = [each for each in self._data(target).parent.iterdir() if each.stat().st_dev == device]
        except OSError:
            folders = []  # it keeps none here, or they are just being removed: `can` will say so
        return frozenset({target.name, *(folder.name for folder in folders if folder.is_dir())})

    def _data(self, target: Target) -> Path:
        return self._ground.home / _DATA / target.name

    def _file(self, data: Path, lease_id: str) -> Path:
        """Among the faults, unless the service's data lie on a volume of their own."""
        if data.stat().st_dev == self._ground.home.stat().st_dev:
            return (self._ground.folder / _FILL / lease_id).absolute()
        return (data / f"chaos-aura-fill.{lease_id}").absolute()


def _room(data: Path, fault: Fault) -> _Room:
    free_mb = _free_mb(data)
    return _Room(free_mb, free_mb - fault.number("leave_mb"))


def _fits(fault: Fault, room: _Room) -> Capability:
    """Never weaker than asked: half a full disk is no fault."""
    size_mb, leave_mb = fault.number("size_mb"), fault.number("leave_mb")
    if room.fill_mb <= 0:
        return no(f"only {room.free_mb:.0f} MB are free already", f"ask for leave_mb below {room.free_mb:.0f}")
    if room.fill_mb <= size_mb:
        return YES
    why = f"disk_full of {size_mb:.0f} MB would leave {room.free_mb - size_mb:.0f} MB free, not {leave_mb:.0f}"
    remedy = f"ask for size_mb={int(room.fill_mb) + 1}, or put the data on a volume of limited size"
    return no(f"{why}: it would not fill the disk", remedy)


def _free_mb(path: Path) -> float:
    """For us, and so for the services: part of what is free may be only root's."""
    now = os.statvfs(path)
    return (now.f_bfree if os.geteuid() == 0 else now.f_bavail) * now.f_frsize / BYTES_PER_MB


def _fill(handle: int, size: int) -> None:
    """Piece by piece. Where the file system keeps some for itself, all that it gives."""
    done, piece, deadline_s = 0, _PIECE_BYTES, time.monotonic() + _FILLED_WITHIN_S
    while done < size and piece >= _LEAST_PIECE_BYTES:
        if time.monotonic() > deadline_s:
            raise TargetUnfit("disk", f"took {done // BYTES_PER_MB} MB in {_FILLED_WITHIN_S:g} s only", "ask for less")
        step = min(piece, size - done)
        try:
            os.posix_fallocate(handle, done, step)
            done += step
        except OSError as cause:
            if cause.errno != errno.ENOSPC:
                raise
            piece //= 2
