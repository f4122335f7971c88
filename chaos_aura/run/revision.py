"""Which state of the sources a run was made from."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Revision:
    """`dirty`: something was changed since. Both None where there is no git, or no repository."""

    revision: str | None = None
    dirty: bool | None = None

    @classmethod
    def of(cls, folder: Path) -> "Revision":
        head = _git(folder, "rev-parse", "HEAD")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
        return cls(head, None if changes is None else bool(changes))


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
