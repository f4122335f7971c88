"""Signs of a path that is worse than it was: packets lost, late, or slow to follow each other."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import Proof
from injectors.docker.network.ends import Path
from injectors.docker.network.passage import not_looked, way
from injectors.docker.network.sign import Field

_WHOLE = 100.0
_ROUND = 200
_LOST_S, _ARRIVE_S = 0.03, 0.5  # what does not come is waited for in each round
_EXPECTED_LOST, _LEAST, _MOST = 20, 200, 20_000
_SIGMAS = 5
_SIZE = 100
_LONGER_S = 0.5


@dataclass(frozen=True, slots=True)
class Loss:
    """So many datagrams that about twenty are lost, or all the machine can send in a second."""

    address: str
    direction: str
    percent: float
    peer: str = ""
    whom: str = "this machine"

    @property
    def _count(self) -> int:
        return min(_MOST, max(_LEAST, math.ceil(_EXPECTED_LOST * _WHOLE / self.percent)))

    def hurt(self, field: Field) -> Proof:
        """As many as must be lost, within what chance leaves open."""
        return self._looked(field, _LOST_S, lambda lost: self._range[0] <= lost <= self._range[1])

    def well(self, field: Field) -> Proof:
        return self._looked(field, _ARRIVE_S, lambda lost: lost < max(1.0, self._expected / 10))

    def to_dict(self) -> Mapping[str, Any]:
        return {"sign": "loss", **asdict(self)}

    @property
    def _expected(self) -> float:
        return self._count * self.percent / _WHOLE

    @property
    def _range(self) -> tuple[float, float]:
        sigma = math.sqrt(self._expected * (1 - self.percent / _WHOLE))
        return max(1.0, self._expected - _SIGMAS * sigma - 1), self._expected + _SIGMAS * sigma + 1

    def _looked(self, field: Field, within_s: float, judge: Callable[[int], bool]) -> Proof:
        words = way(self.direction, self.address, self.whom)
        came = 0
        try:
            with Path(self.address, self.peer).datagrams(field, self.direction) as datagrams:
                for _ in range(self._count // _ROUND):
                    came += datagrams.last_of(_ROUND, 16, within_s)[0]
        except (ChaosAuraError, OSError) as cause:
            return not_looked(words, cause, field)
        sent = self._count // _ROUND * _ROUND
        return Proof(judge(sent - came), f"{sent - came} of {sent} datagrams {words} lost")


@dataclass(frozen=True, slots=True)
class Delay:
    """At least so late."""

    address: str
    direction: str
    least_s: float

    def hurt(self, field: Field) -> Proof:
        after_s, words = self._after(field, self.least_s * 3 + _LONGER_S)
        return words if isinstance(words, Proof) else Proof(after_s >= self.least_s, f"{words} {_told(after_s)}")

    def well(self, field: Field) -> Proof:
        after_s, words = self._after(field, self.least_s / 2)
        return (
            words if isinstance(words, Proof) else Proof(0 <= after_s <= self.least_s / 2, f"{words} {_told(after_s)}")
        )

    def to_dict(self) -> Mapping[str, Any]:
        return {"sign": "delay", **asdict(self)}

    def _after(self, field: Field, within_s: float) -> tuple[float, str | Proof]:
        words = way(self.direction, self.address, "this machine")
        try:
            with Path(self.address).datagrams(field, self.direction) as datagrams:
                return datagrams.one(within_s), f"a datagram {words}"
        except (ChaosAuraError, OSError) as cause:
            return -1.0, not_looked(words, cause, field)


@dataclass(frozen=True, slots=True)
class Pace:
    """More bytes than may pass at once: at that pace the last one needs `least_s`."""

    address: str
    direction: str
    bytes: int
    least_s: float

    def hurt(self, field: Field) -> Proof:
        """None of them may come, where others fill the queue."""
        return self._looked(field, self.least_s + _LONGER_S, lambda came, s: came < self._count or s >= self.least_s)

    def well(self, field: Field) -> Proof:
        return self._looked(field, self.least_s / 2, lambda came, s: came == self._count and s <= self.least_s / 2)

    def to_dict(self) -> Mapping[str, Any]:
        return {"sign": "pace", **asdict(self)}

    @property
    def _count(self) -> int:
        return math.ceil(self.bytes / _SIZE)

    def _looked(self, field: Field, within_s: float, judge: Callable[[int, float], bool]) -> Proof:
        words = way(self.direction, self.address, "this machine")
        try:
            with Path(self.address).datagrams(field, self.direction) as datagrams:
                came, last_s = datagrams.last_of(self._count, _SIZE, within_s)
        except (ChaosAuraError, OSError) as cause:
            return not_looked(words, cause, field)
        told = f"{came} of {self._count} datagrams of {_SIZE} bytes {words}, the last after {last_s * 1000:.0f} ms"
        return Proof(judge(came, last_s), told)


def _told(after_s: float) -> str:
    return f"arrived after {after_s * 1000:.1f} ms" if after_s >= 0 else "did not arrive in time"
