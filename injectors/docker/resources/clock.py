"""clock_skew: a container that was started with a clock of its own, which reads its error from a file inside."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, ClassVar

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.group import Group
from chaos_aura.containers.inside import run_inside, user_able_to
from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import DOCKER, Service
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import Capability, Fault, Proof, Undo, no
from chaos_aura.faults.ground import Ground
from injectors.clock.file import READ_AGAIN_WITHIN_S, content_for
from injectors.clock.injector import STATIC, can_be_off
from injectors.clock.process import capability_of
from injectors.clock.reading import Clock, protocol_of
from injectors.docker.act import Data
from injectors.docker.one import Known
from injectors.docker.resources.volumes import Volumes
from injectors.refusal import refuse_unless

_OF_OUR_STACK = "clock"  # the injector that knows which of its services have one, and why the others have none
_FILE = "FAKETIME_TIMESTAMP_FILE"
_LIBRARY = "libfaketime"
_HOW = f"start it with LD_PRELOAD={_LIBRARY}.so.1 and {_FILE} in its environment"


@dataclass(frozen=True)
class ClockSkew:
    """A container that is started anew reads the same file: the skew is the container's, not the process's."""

    ground: Ground
    engine: Engine
    needs_target: ClassVar[bool] = True
    hurts_target: ClassVar[bool] = False

    def can(self, fault: Fault, containers: Sequence[Container]) -> Capability:
        try:
            return self._can(fault, containers[0])
        except ChaosAuraError as cause:
            return no(f"{cause.where} {cause.why}", cause.remedy)

    def writes(self, fault: Fault) -> str:
        return "clock"

    def takes_s(self, fault: Fault) -> float:
        return READ_AGAIN_WITHIN_S

    def prepare(self, fault: Fault, group: Group, containers: Sequence[Container], lease_id: str) -> Undo:
        now, service = containers[0], self._service(fault)
        refuse_unless(self.can(fault, containers), service.name)
        file, offset_s = _environ(now)[_FILE], fault.number("offset_s")
        former, seen = self._read(now, file), _clock_of(service).read()
        if (former and float(former)) or not seen.is_off_by(0):
            raise TargetUnfit(service.name, f"its clock is {seen} already", f"write +0 into {file} of {now.name}")
        data = {
            "user": user_able_to(self.engine, now, _could_write(file)) or "",
            "container": asdict(Known.of(now)),
            "group": group.to_dict(),
            "address": str(service.address),
            "protocol": protocol_of(service),
            "file": file,
            **_kept_in(now, file),
            "former": former or content_for(0).strip(),
            "written": content_for(offset_s).strip(),
            "offset_s": offset_s,
        }
        by_hand = shlex.join(
            ["docker", "exec", *(["-u", "0"] if data["user"] else []), now.name, *_writing(file, str(data["former"]))]
        )
        touches = (f"writes {data['written']} into {file} of {now.name}, from which it reads its clock's error",)
        return Undo(data, touches, by_hand)

    def inject(self, data: Data) -> None:
        now = self.engine.inspect(data["container"]["id"])
        if (content := self._read(now, data["file"])) not in (data["former"], ""):
            raise TargetUnfit(now.name, f"{data['file']} was changed meanwhile, to {content}", "heal that first")
        self._write(now, data, data["written"])

    def heal(self, data: Data) -> None:
        now = self._now(data)
        if now and self._read(now, data["file"]) == data["written"]:
            self._write(now, data, data["former"])

    def in_force(self, data: Data) -> Proof:
        seen, asked_s = self._clock(data).read(), float(data["offset_s"])
        return Proof(seen.is_off_by(asked_s), f"its clock is {seen}; asked for {asked_s:+g} s", seen.to_dict())

    def gone(self, data: Data) -> Proof:
        now = self._now(data)
        if now is None:
            return Proof(True, f"{data['container']['name']} was removed, and its clock with it")
        if self._read(now, data["file"]) == data["written"]:
            return Proof(False, f"{data['file']} of {now.name} still says {data['written']}")
        seen = self._clock(data).read()
        return Proof(seen.is_off_by(0), f"the clock of {now.name} is {seen}", seen.to_dict())

    def _can(self, fault: Fault, now: Container) -> Capability:
        service, environ = self._service(fault), _environ(now)
        if service.speaks in STATIC:
            why = f"{service.name} is a static Go program, which asks the kernel itself for the time"
            return no(why, left_to=_OF_OUR_STACK if self.ground.stack == DOCKER else "")
        if not protocol_of(service):
            return no(f"there is no known way to read the clock of {service.name}")
        if _FILE not in environ or _LIBRARY not in environ.get("LD_PRELOAD", ""):
            why = f"{now.name} was started without a clock of its own"
            return no(why, left_to=_OF_OUR_STACK) if self.ground.stack == DOCKER else no(why, _HOW)
        if user_able_to(self.engine, now, _could_write(environ[_FILE])) is None:
            return no(f"nobody inside of {now.name} may write {environ[_FILE]}", "put it where it can be written")
        has_clock = capability_of(now.process, service.name) if now.process and not _has_init(now) else None
        if has_clock is not None and not has_clock:
            return no(f"{now.name} has not loaded {_LIBRARY}", _HOW)
        return can_be_off(service.speaks, fault.number("offset_s"))

    def _service(self, fault: Fault) -> Service:
        return self.ground.catalogue.service(fault.target)

    def _now(self, data: Data) -> Container | None:
        """None when nothing of it is left, as after `docker compose down -v`.

        TargetUnfit when that can only be said once it runs again.
        """
        known = Known(**data["container"])
        found = Group.from_dict(data["group"]).successor(self.engine, known.id, known.name, known.number)
        if found is None and not self._is_kept(data):
            return None
        if found is None or not found.is_running:
            why = f"does not run, and what {data['file']} says is read when it is started again"
            raise TargetUnfit(known.name, why, f"run: docker start {known.name}")
        return found

    def _is_kept(self, data: Data) -> bool:
        """For who comes next."""
        return bool(Volumes(self.engine).keeps(data["volume"]) if data["volume"] else data["is_bound"])

    def _read(self, now: Container, file: str) -> str:
        """Empty when there is none: the clock is right then."""
        done = run_inside(self.engine, now, ("sh", "-c", f"[ ! -e {shlex.quote(file)} ] || cat {shlex.quote(file)}"))
        if done.code:
            raise TargetUnfit(now.name, f"{file} cannot be read: {done.last_line}", "look inside")
        return done.said.strip()

    def _write(self, now: Container, data: Data, content: str) -> None:
        done = run_inside(self.engine, now, _writing(data["file"], content), user=data["user"])
        if done.code:
            raise TargetUnfit(now.name, f"{data['file']} cannot be written: {done.last_line}", "put it where it can be")

    def _clock(self, data: Data) -> Clock:
        return Clock(data["service"], Address.parse(data["address"]), data["protocol"])


def _writing(file: str, content: str) -> tuple[str, ...]:
    """Whole at any moment: half of one would end a process."""
    script = 'umask 022 && echo "$2" > "$1.new" && mv "$1.new" "$1"'
    return ("sh", "-c", script, "sh", file, content)


def _could_write(file: str) -> str:
    return f"command -v mv && [ -w {shlex.quote(file.rpartition('/')[0] or '/')} ]"


def _clock_of(service: Service) -> Clock:
    return Clock(service.name, service.address, protocol_of(service))


def _kept_in(now: Container, file: str) -> dict[str, str | bool]:
    """Where the file outlives its container: in a volume, or in a folder of the machine that is bound there."""
    mounts = [row for row in now.document.get("Mounts") or () if PurePosixPath(file).is_relative_to(row["Destination"])]
    row: Mapping[str, Any] = max(mounts, key=lambda row: len(row["Destination"]), default={})
    return {"volume": str(row.get("Name") or ""), "is_bound": row.get("Type") == "bind"}


def _environ(now: Container) -> dict[str, str]:
    rows = (now.document.get("Config") or {}).get("Env") or ()
    return dict(row.split("=", 1) for row in rows if "=" in row)


def _has_init(now: Container) -> bool:
    """Then the first process is not the service."""
    return bool(now.host_config.get("Init"))
