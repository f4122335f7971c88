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
└── PingFailed          one real operation on one service did not succeed
"""

from typing import ClassVar


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
    pass


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
