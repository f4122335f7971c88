"""Every error chaos-aura raises on purpose. One line says where, why, and what to do.

ChaosAuraError
├── BadInput            something the user wrote cannot be used
├── MachineLacks        this machine is missing a program, room or right
├── FetchFailed         a part of the stack could not be brought into the cache
├── CacheUnsound        the cache holds something it should not, or cannot be written
├── StackDown           there is no running stack to talk to
├── SupervisorFailed    the daemon did not start, answer or obey
├── ServiceUnhealthy    a service runs badly or not at all
│   └── PortTaken       because a stranger listens where it should
├── PingFailed          one real operation on one service did not succeed
├── NotAnswered         whoever would know did not answer, so nobody knows
├── NotMeasured         what is asked for has not been seen, or not enough of it
├── FaultRefused        a limit or another fault forbids it; nothing was touched
├── FaultImpossible     no injector can do it to this target on this machine; nothing was touched
├── TargetUnfit         what was to be hurt or healed is not there, or not as it must be
├── NotInForce          injected, but not proven; it has been healed
├── NotHealed           it could not be proven gone
├── LedgerUnusable      what must be written down before a fault could not be
├── LoadFailed          the load did not begin, or ended by itself
├── ReaperMissing       nobody watches over the faults, so none may be injected
└── PlugInBroken        an injector of somebody's does not keep the contract
"""

import errno
import os
from typing import ClassVar

_FULL = "make room on that disk, then run it again"
_CLOSED = "run as a user who may use it, or use another folder"
_REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "raise the limit of a file's size (ulimit -f), then run it again",
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EROFS: "use a folder that can be written",
    errno.EMFILE: "raise the limit of open files (ulimit -n), then run it again",
}


class ChaosAuraError(Exception):
    """`redis: port 21200 is taken by another program; run: chaos-aura up` (where: why; what to do)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, where: str, why: str, remedy: str = "") -> None:
        self.where = where
        self.why = why
        self.remedy = remedy
        super().__init__(f"{where}: {why}" + (f"; {remedy}" if remedy else ""))


class BadInput(ChaosAuraError):
    exit_code = 2


class MachineLacks(ChaosAuraError):
    @classmethod
    def because(cls, cause: OSError, where: str = "") -> "MachineLacks":
        """The system refused something, on the file that it names."""
        where = where or str(cause.filename or "chaos-aura")
        why = os.strerror(cause.errno) if cause.errno else str(cause) or type(cause).__name__
        return cls(where, why, _REMEDIES.get(cause.errno or 0, "put that right, then run it again"))


class FetchFailed(ChaosAuraError):
    pass


class CacheUnsound(ChaosAuraError):
    pass


class StackDown(ChaosAuraError):
    pass


class SupervisorFailed(ChaosAuraError):
    pass


class ServiceUnhealthy(ChaosAuraError):
    log_lines: tuple[str, ...] = ()


class PortTaken(ServiceUnhealthy):
    pass


class PingFailed(ChaosAuraError):
    pass


class NotAnswered(ChaosAuraError):
    exit_code = 3


class NotMeasured(ChaosAuraError):
    pass


class FaultRefused(ChaosAuraError):
    exit_code = 2


class FaultImpossible(ChaosAuraError):
    pass


class TargetUnfit(ChaosAuraError):
    pass


class NotInForce(ChaosAuraError):
    pass


class NotHealed(ChaosAuraError):
    pass


class LedgerUnusable(ChaosAuraError):
    pass


class LoadFailed(ChaosAuraError):
    pass


class ReaperMissing(ChaosAuraError):
    pass


class PlugInBroken(ChaosAuraError):
    pass
