"""What the supervisor is to keep running."""

import dataclasses
import json
import os
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import SupervisorFailed

LOG_LIMIT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """One process. A job runs once; anything else comes back whenever it ends.

    When everything ends, those that end first are gone before the others are told: what they still do needs them.
    Its log is put aside (`NAME.log.1`) when it is longer than its limit.
    """

    name: str
    argv: tuple[str, ...]
    cwd: str
    log: str
    env: dict[str, str] = field(default_factory=dict)
    grace_s: float = 10.0
    nice: int = 0
    is_job: bool = False
    starts: bool = True
    ends_first: bool = False
    log_limit_bytes: int = LOG_LIMIT_BYTES

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Program":
        """TypeError, ValueError or KeyError when it is none: the daemon must not fall over it later."""
        if not isinstance(row["argv"], list | tuple) or not row["argv"]:
            raise ValueError(f"argv is {row['argv']!r}")
        if not isinstance(row.get("env", {}), dict):
            raise ValueError(f"env is {row['env']!r}")
        program = cls(**{**row, "argv": tuple(row["argv"])})
        texts: tuple[object, ...] = (program.name, *program.argv, program.cwd, program.log)
        if not all(isinstance(text, str) and "\0" not in text for text in (*texts, *chain(*program.env.items()))):
            raise ValueError("a name, argument, path or variable is not a text that a process can be given")
        check_grace(program.grace_s)
        if type(program.nice) is not int or type(program.log_limit_bytes) is not int:
            raise ValueError("nice and log_limit_bytes are whole numbers")
        return program


def check_grace(grace_s: object) -> None:
    """ValueError when nobody can wait for so long."""
    if isinstance(grace_s, bool) or not isinstance(grace_s, int | float) or not 0 <= grace_s < float("inf"):
        raise ValueError(f"a grace is a number of seconds, not {grace_s!r}")


@dataclass(frozen=True, slots=True)
class Programs:
    """The file that a supervisor starts from."""

    programs: tuple[Program, ...]

    def write(self, path: Path) -> None:
        """Whole or not at all, and for its owner only: an environment may hold secrets."""
        document = {"programs": [program.to_dict() for program in self.programs]}
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Programs":
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(Program.from_dict(row) for row in document["programs"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as cause:
            raise SupervisorFailed(str(path), f"cannot be read ({cause})", "run: chaos-aura up") from cause
