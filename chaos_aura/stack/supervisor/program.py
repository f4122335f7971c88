"""What the supervisor is to keep running."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import SupervisorFailed


@dataclass(frozen=True, slots=True)
class Program:
    """One process. A job runs once; anything else comes back whenever it ends."""

    name: str
    argv: tuple[str, ...]
    cwd: str
    log: str
    env: dict[str, str] = field(default_factory=dict)
    grace_s: float = 10.0
    nice: int = 0
    is_job: bool = False
    starts: bool = True

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Program":
        return cls(**{**row, "argv": tuple(row["argv"])})


@dataclass(frozen=True, slots=True)
class Programs:
    """The file that a supervisor starts from."""

    programs: tuple[Program, ...]

    def write(self, path: Path) -> None:
        document = {"programs": [program.to_dict() for program in self.programs]}
        path.write_text(json.dumps(document, indent=2), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Programs":
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(Program.from_dict(row) for row in document["programs"]))
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise SupervisorFailed(str(path), f"cannot be read ({cause})", "run: chaos-aura up") from cause
