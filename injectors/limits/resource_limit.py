"""One limit of a running process (prlimit). Only the soft one is ever changed: a hard one cannot be raised again."""

import resource
from dataclasses import dataclass

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.process import ProcessId

INFINITE = resource.RLIM_INFINITY


@dataclass(frozen=True, slots=True)
class ResourceLimit:
    """`ResourceLimit("nofile", resource.RLIMIT_NOFILE)`, named as the program prlimit does."""

    name: str
    number: int

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
        except (OSError, ValueError) as cause:
            why = f"its limit {self.name} cannot be reached ({getattr(cause, 'strerror', None) or cause})"
            raise TargetUnfit(f"process {process.pid}", why, "run as the user whose stack it is") from cause


def is_at_most(limit: int, other: int) -> bool:
    return other == INFINITE or (limit != INFINITE and limit <= other)


def shown(limit: int) -> str:
    return "unlimited" if limit == INFINITE else str(limit)


OPEN_FILES = ResourceLimit("nofile", resource.RLIMIT_NOFILE)
FILE_SIZE = ResourceLimit("fsize", resource.RLIMIT_FSIZE)
