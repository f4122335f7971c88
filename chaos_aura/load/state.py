"""How far a load is: `load-state.json`, replaced whole, so that a reader never sees half of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import BadInput

STATE = "load-state.json"


class Doing(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"  # nothing new is asked for, what is held is given back
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LoadState:
    """Arrivals: `due` should have begun by `at`; of those that have, `begun`, the first try of `under_way` is not over,
    and the others' allocations are `ok`, `fail` or, for all that is known, `info`. `held` are not given back yet.

    `not_begun` were left out because too many were under way: a load that could not keep up. `hold_s` is how long each
    is held, which may be shorter than planned so that no more than half of the inventory is.
    """

    state: Doing
    at: int = 0
    began_ns: int = 0
    phase: str = ""
    rate_per_s: float = 0.0
    due: int = 0
    begun: int = 0
    not_begun: int = 0
    under_way: int = 0
    ok: int = 0
    fail: int = 0
    info: int = 0
    held: int = 0
    lost: int = 0
    hold_s: float = 0.0
    lag_p99_ms: float = 0.0  # of the last minute
    lag_p99_of_all_ms: float = 0.0
    why: str = ""

    @property
    def is_over(self) -> bool:
        return self.state in (Doing.ENDED, Doing.FAILED)

    def write(self, path: Path) -> None:
        new = path.with_name(f"{path.name}.new")
        new.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
        new.replace(path)

    @classmethod
    def read(cls, path: Path) -> "LoadState":
        """STARTING when there is none yet."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls(Doing.STARTING)
        except (OSError, ValueError, RecursionError) as cause:
            raise BadInput(str(path), f"cannot be read ({cause})", "it is written by the load alone") from cause

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "LoadState":
        """ValueError when it is not what is written."""
        if set(row) != {each.name for each in fields(cls)}:
            raise ValueError(f"has {sorted(row)}")
        return cls(**{**row, "state": Doing(row["state"])})
