"""One limit of a running process (prlimit). Only the soft one is ever changed: a hard one cannot be raised again."""

import os
import resource
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.process import ProcessId

INFINITE = resource.RLIM_INFINITY


@dataclass(frozen=True, slots=True)
class ResourceLimit:
    """Named as the program prlimit does, and as /proc does: nofile, Max open files."""

    name: str
    number: int
    words: str

    def of(self, process: ProcessId) -> tuple[int, int] | None:
        """Soft and hard. None when it is dead."""
        return self._prlimit(process, None)

    def set_soft(self, process: ProcessId, soft: int) -> bool:
        """Not above the hard one, whatever is asked. False when it is dead."""
        present = self.of(process)
        if present is None:
            return False
        hard = present[1]
        return self._prlimit(process, (soft if is_at_most(soft, hard) else hard, hard)) is not None

    def by_hand(self, process: ProcessId, soft: int) -> str:
        return f"prlimit --pid {process.pid} --{self.name}={shown(soft)}:"

    def _prlimit(self, process: ProcessId, limits: tuple[int, int] | None) -> tuple[int, int] | None:
        if not process.is_alive():
            return None
        try:
            if limits is None:
                return resource.prlimit(process.pid, self.number)
            return resource.prlimit(process.pid, self.number, limits)
        except ProcessLookupError:
            return None
        except PermissionError as cause:
            told = self._told(process) if limits is None else self._set_as_its_user(process, limits)
            if told is None:
                raise self._out_of_reach(process, cause) from cause
            return told
        except (OSError, ValueError) as cause:
            raise self._out_of_reach(process, cause) from cause

    def _told(self, process: ProcessId) -> tuple[int, int] | None:
        """As /proc tells everybody. None when it does not."""
        with suppress(OSError):
            for line in Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii", errors="replace").splitlines():
                if line.startswith(self.words):
                    soft, hard, *_ = line.removeprefix(self.words).split()
                    return _read(soft), _read(hard)
        return None

    def _set_as_its_user(self, process: ProcessId, limits: tuple[int, int]) -> tuple[int, int] | None:
        """Root without CAP_SYS_RESOURCE may not limit another user's process, but may become that user. The program
        does it: this process has threads, and cannot be another user for a moment.
        """
        program = shutil.which("prlimit")
        if os.geteuid() or program is None:
            return None
        try:
            owner = Path(f"/proc/{process.pid}").stat()
            asked = [program, "--pid", str(process.pid), f"--{self.name}={shown(limits[0])}:{shown(limits[1])}"]
            done = subprocess.run(
                asked, user=owner.st_uid, group=owner.st_gid, extra_groups=[], capture_output=True, check=False
            )
        except OSError:
            return None
        return None if done.returncode else limits

    def _out_of_reach(self, process: ProcessId, cause: Exception) -> TargetUnfit:
        why = f"its limit {self.name} cannot be reached ({getattr(cause, 'strerror', None) or cause})"
        return TargetUnfit(f"process {process.pid}", why, "run as the user whose stack it is")


def is_at_most(limit: int, other: int) -> bool:
    return other == INFINITE or (limit != INFINITE and limit <= other)


def _read(word: str) -> int:
    return INFINITE if word == "unlimited" else int(word)


def shown(limit: int) -> str:
    return "unlimited" if limit == INFINITE else str(limit)


OPEN_FILES = ResourceLimit("nofile", resource.RLIMIT_NOFILE, "Max open files")
FILE_SIZE = ResourceLimit("fsize", resource.RLIMIT_FSIZE, "Max file size")
