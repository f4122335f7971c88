"""disk_full: a file takes the room that the data of a container could grow into, where that room has a size."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.containers.group import Group
from chaos_aura.containers.inside import begin_inside, run_inside, user_able_to
from chaos_aura.core.catalogue import DOCKER
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, Undo, no
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.start import checked
from injectors.docker.act import Data
from injectors.docker.kernel import Kernel
from injectors.docker.one import Known
from injectors.docker.resources.memory import MB, owned_bytes
from injectors.docker.resources.rooms import Place, room_at, sized_places
from injectors.docker.resources.volumes import Volumes
from injectors.refusal import refuse_unless

_ON_OURS = "fill a disk of the local stack: chaos-aura down, then chaos-aura up --stack local"
_ON_OTHERS = "give it a volume of limited size: driver_opts type tmpfs, o size=64m"
_TOLERANCE_MB = 1
_MB_A_SECOND = 200
# In pieces, so that it ends when its file is removed.
_FILL = """f={file}; : > "$f" || exit 1
fallocate -l {bytes} "$f" 2> /dev/null && exit 0
i=0
while [ $i -lt {pieces} ] && [ -e "$f" ]; do
  dd if=/dev/zero bs=1M count=8 2> /dev/null >> "$f" || exit 0
  i=$((i + 1))
done
"""
_PIECE_MB = 8


@dataclass(frozen=True)
class DiskFull:
    """A volume outlives its container: it is emptied by whoever has it now, or from this machine.

    Nothing can be run in one that is frozen, but its files can be seen from this machine, too.
    """

    ground: Ground
    engine: Engine
    kernel: Kernel

    def can(self, fault: Fault, containers: Sequence[Container]) -> Capability:
        try:
            for now in containers:
                for place in sized_places(self.engine, now, self._instead):
                    fits = self._fits(fault, now, place)
                    if not fits:
                        return fits
                    if user_able_to(self.engine, now, _could(place)) is None:
                        why = f"{now.name} has no `dd` inside, or nobody may write to {place.path}"
                        return no(why, "add it to the image, or choose another fault")
        except ChaosAuraError as cause:
            return no(f"{cause.where} {cause.why}", cause.remedy)
        return YES

    def writes(self, fault: Fault) -> str:
        return "disk"

    def takes_s(self, fault: Fault) -> float:
        return min(fault.number("size_mb"), 10_000) / _MB_A_SECOND

    def prepare(self, fault: Fault, group: Group, containers: Sequence[Container], lease_id: str) -> Undo:
        refuse_unless(self.can(fault, containers), fault.target)
        rows, touches, by_hand, leave_mb = [], [], [], fault.number("leave_mb")
        for now in containers:
            for place in sized_places(self.engine, now, self._instead):
                file = f"{place.path.rstrip('/')}/.chaos-aura-fill.{checked(lease_id)}"
                fill_mb = room_at(self.engine, now, place.path).free_mb - leave_mb
                user = user_able_to(self.engine, now, _could(place)) or ""
                told = {
                    "user": user,
                    "place": asdict(place),
                    "file": file,
                    "bytes": int(fill_mb * MB),
                    "leave_mb": leave_mb,
                }
                rows.append({"container": asdict(Known.of(now)), **told})
                touches.append(f"writes {file} of {fill_mb:.0f} MB in {now.name}: {leave_mb:.0f} MB stay free there")
                by_hand.append(f"docker exec {'-u 0 ' if user else ''}{now.name} rm -f {shlex.quote(file)}")
        return Undo({"files": rows, "group": group.to_dict()}, tuple(touches), "; ".join(by_hand))

    def inject(self, data: Data) -> None:
        for row in data["files"]:
            now = self.engine.inspect(row["container"]["id"])
            pieces = -(-row["bytes"] // (_PIECE_MB * MB))
            script = _FILL.format(file=shlex.quote(row["file"]), bytes=row["bytes"], pieces=pieces)
            begin_inside(self.engine, now, ("sh", "-c", script), user=row["user"])

    def heal(self, data: Data) -> None:
        failed: list[ChaosAuraError] = []
        for row in data["files"]:
            try:
                self._remove(data, row)
            except NoSuchContainer:
                continue
            except ChaosAuraError as cause:
                failed.append(cause)
        if failed:
            raise failed[0]

    def in_force(self, data: Data) -> Proof:
        seen, facts = [], {}
        for row in data["files"]:
            now, path = self.engine.inspect(row["container"]["id"]), row["place"]["path"]
            if not now.is_running:
                return Proof(False, f"{now.name} is {now.status.value}")
            if not self._is_there(now, row["file"]):
                return Proof(False, f"{row['file']} is not there")
            room = room_at(self.engine, now, path)
            seen.append(f"{room.free_mb:.1f} of {room.size_mb:.0f} MB are free at {path} of {now.name}")
            facts[path] = {"free_mb": room.free_mb, "size_mb": room.size_mb}
            if room.free_mb > row["leave_mb"] + _TOLERANCE_MB:
                return Proof(False, f"{seen[-1]}, not {row['leave_mb']:.0f}", facts)
        return Proof(True, "; ".join(seen), facts)

    def gone(self, data: Data) -> Proof:
        proofs = [self._gone(data, row) for row in data["files"]]
        failing = [proof for proof in proofs if not proof]
        return Proof(not failing, "; ".join(proof.seen for proof in failing or proofs))

    @property
    def _instead(self) -> str:
        """Nobody gives our own stack other volumes than it has."""
        return _ON_OURS if self.ground.stack == DOCKER else _ON_OTHERS

    def _remove(self, data: Data, row: Mapping[str, Any]) -> None:
        """Emptied first: what has it open would keep the room otherwise."""
        holder, file = self._holder(data, row), row["file"]
        if holder:
            quoted = shlex.quote(file)
            script = f"[ ! -e {quoted} ] || {{ : > {quoted}; rm -f {quoted}; }}"
            done = run_inside(self.engine, holder, ("sh", "-c", script), user=row["user"])
            if done.code:
                raise TargetUnfit(holder.name, f"{file} cannot be removed: {done.last_line}", "remove it by hand")
        elif outside := self._outside(data, row):
            try:
                outside.unlink(missing_ok=True)
            except OSError as cause:
                raise TargetUnfit(str(outside), f"cannot be removed ({cause.strerror})", "remove it by hand") from cause

    def _gone(self, data: Data, row: Mapping[str, Any]) -> Proof:
        file, name, place = row["file"], row["container"]["name"], Place(**row["place"])
        if holder := self._holder(data, row):
            if self._is_there(holder, file):
                return Proof(False, f"{file} is still there")
            return Proof(
                True, f"{file} is not there, {room_at(self.engine, holder, place.path).free_mb:.0f} MB are free"
            )
        if outside := self._outside(data, row):
            there = outside.exists()
            return Proof(not there, f"{name} does not run; {outside} is {'still' if there else 'not'} there")
        if self._has_it(data, row):
            raise TargetUnfit(name, f"is paused, and {file} is still there", f"run: docker unpause {name}")
        if not place.volume or not Volumes(self.engine).keeps(place.volume):
            return Proof(True, f"{name} does not run, and what it kept at {place.path} is gone")
        raise TargetUnfit(name, f"does not run, and {file} is still in its volume {place.volume}", "start it again")

    def _holder(self, data: Data, row: Mapping[str, Any]) -> Container | None:
        """Who can be spoken to."""
        found = self._has_it(data, row)
        return found if found and found.status is Status.RUNNING else None

    def _has_it(self, data: Data, row: Mapping[str, Any]) -> Container | None:
        """Who of the service has that place now. A tmpfs of its own died with its container's last life."""
        known, place = Known(**row["container"]), Place(**row["place"])
        found = Group.from_dict(data["group"]).successor(self.engine, known.id, known.name, known.number)
        if found is None or not found.is_running or (not place.volume and found.life != known.life):
            return None
        mounts = {str(each.get("Name") or "") for each in found.document.get("Mounts") or ()}
        return found if not place.volume or place.volume in mounts else None

    def _outside(self, data: Data, row: Mapping[str, Any]) -> Path | None:
        """The same file as this machine sees it; None where it cannot look."""
        frozen = self._has_it(data, row)
        if frozen and frozen.process and (seen := _seen_from_here(frozen.pid, str(row["file"]))):
            return seen
        mountpoint = row["place"]["mountpoint"]
        if not mountpoint or not self.engine.is_of_this_machine:
            return None
        folder = Path(mountpoint)
        try:
            return folder / Path(row["file"]).name if folder.is_dir() else None
        except OSError:
            return None

    def _is_there(self, now: Container, file: str) -> bool:
        return run_inside(self.engine, now, ("sh", "-c", f"[ -e {shlex.quote(file)} ]")).code == 0

    def _fits(self, fault: Fault, now: Container, place: Place) -> Capability:
        """Never weaker than asked: half a full disk is no fault."""
        room, size_mb, leave_mb = (
            room_at(self.engine, now, place.path),
            fault.number("size_mb"),
            fault.number("leave_mb"),
        )
        fill_mb = room.free_mb - leave_mb
        if fill_mb <= 0:
            why = f"only {room.free_mb:.0f} MB are free at {place.path} of {now.name} already"
            return no(why, f"ask for leave_mb below {room.free_mb:.0f}")
        if fill_mb > size_mb:
            why = f"disk_full of {size_mb:.0f} MB would leave {room.free_mb - size_mb:.0f} MB free, not {leave_mb:.0f}"
            return no(f"{why}: it would not fill {place.path} of {now.name}", f"ask for size_mb={int(fill_mb) + 1}")
        limit = int(now.host_config.get("Memory") or 0)
        if place.in_memory and limit and owned_bytes(self.kernel, now) + fill_mb * MB > limit:
            why = f"{place.path} of {now.name} is kept in its memory, of which it may have {limit // MB} MB only"
            return no(f"{why}: filled, it would be killed for want of it", "use oom_kill, or let it have more memory")
        return YES


def _seen_from_here(pid: int, file: str) -> Path | None:
    """None where a link stands in its way: this machine would follow it to a file of its own."""
    seen = Path(f"/proc/{pid}/root")
    if not os.access(seen, os.R_OK):
        return None
    for part in Path(file).relative_to("/").parts:
        seen /= part
        if seen.is_symlink():
            return None
    return seen


def _could(place: Place) -> str:
    return f"command -v dd && command -v rm && [ -w {shlex.quote(place.path)} ]"
