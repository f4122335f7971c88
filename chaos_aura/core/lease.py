"""A fault that has been written down before it was injected.

INTENDED -> IN_FORCE -> HEALED        STUCK when healing could not be proven; it is tried again
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from chaos_aura.core.fault import Fault, Footprint, Undo
from chaos_aura.core.process import ProcessId

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_LETTERS = 10
_RANDOM_LETTERS = 8
_MS = 1000


class LeaseState(StrEnum):
    INTENDED = "intended"
    IN_FORCE = "in_force"
    HEALED = "healed"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that asked for it, in one life of the machine."""

    process: ProcessId
    boot: str

    def is_alive(self, boot: str) -> bool:
        return self.boot == boot and self.process.is_alive()

    def __str__(self) -> str:
        return str(self.process)


@dataclass(frozen=True, slots=True)
class Lease:
    """`ends_s` is on the clock that counts from boot, also while the machine sleeps (CLOCK_BOOTTIME).

    It allows for the proof first, and is set anew when the fault is in force.
    `revoked`: somebody else than the owner has decided that it ends. An owner may still be about to inject it,
    unless it has `given_up`.
    """

    id: str
    fault: Fault
    injector: str
    footprint: Footprint
    undo: Undo
    owner: Owner
    began_at: float  # wall clock, for people
    ends_s: float
    state: LeaseState = LeaseState.INTENDED
    revoked: bool = False
    given_up: bool = False
    was_in_force: bool = False
    why: str = ""
    timeline: str = ""

    @property
    def is_open(self) -> bool:
        return self.state is not LeaseState.HEALED

    def has_ended(self, boot: str, now_s: float) -> bool:
        """One of another life of the machine has: its clock means nothing now."""
        return self.owner.boot != boot or now_s >= self.ends_s

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "fault": self.fault.to_dict(),
            "injector": self.injector,
            "footprint": self.footprint.to_dict(),
            "undo": self.undo.to_dict(),
            "owner": {"process": str(self.owner.process), "boot": self.owner.boot},
            "began_at": self.began_at,
            "ends_s": self.ends_s,
            "state": self.state.value,
            "revoked": self.revoked,
            "given_up": self.given_up,
            "was_in_force": self.was_in_force,
            "why": self.why,
            "timeline": self.timeline,
        }

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Lease":
        """KeyError, ValueError, TypeError or AttributeError when it is none."""
        return cls(
            id=str(row["id"]),
            fault=Fault.from_dict(row["fault"]),
            injector=str(row["injector"]),
            footprint=Footprint.from_dict(row["footprint"]),
            undo=Undo.from_dict(row["undo"]),
            owner=Owner(ProcessId.parse(row["owner"]["process"]), str(row["owner"]["boot"])),
            began_at=float(row["began_at"]),
            ends_s=float(row["ends_s"]),
            state=LeaseState(row["state"]),
            revoked=bool(row["revoked"]),
            given_up=bool(row["given_up"]),
            was_in_force=bool(row["was_in_force"]),
            why=str(row["why"]),
            timeline=str(row["timeline"]),
        )

    def changed(
        self,
        state: LeaseState,
        why: str = "",
        *,
        revoked: bool = False,
        given_up: bool = False,
        ends_s: float | None = None,
    ) -> "Lease":
        """Once revoked or given up, always; healed is the end."""
        if not self.is_open:
            return self
        return replace(
            self,
            state=state,
            why=why,
            revoked=revoked or self.revoked,
            given_up=given_up or self.given_up,
            was_in_force=self.was_in_force or state is LeaseState.IN_FORCE,
            ends_s=self.ends_s if ends_s is None else ends_s,
        )


def new_lease_id(wall_clock: Callable[[], float] = time.time) -> str:
    """`01K9XM3Q7V4T8ZB2RD`: later ones sort later; nobody ever makes the same twice."""
    moment, letters = round(wall_clock() * _MS), []
    for _ in range(_TIME_LETTERS):
        moment, place = divmod(moment, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join(reversed(letters)) + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LETTERS))
