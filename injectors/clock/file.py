"""The file that a process reads its clock's error from. It is whole at any moment: half of one would end a process."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import MachineLacks, TargetUnfit
from chaos_aura.core.process import ProcessId

READ_AGAIN_WITHIN_S = 1.0  # by the process: when the next second of the real clock begins

_RIGHT = "+0"
_MARK = "new-by-"


def content_for(offset_s: float) -> str:
    """`+3600.000`"""
    return f"{offset_s:+.3f}\n"


@dataclass(frozen=True, slots=True)
class ClockFile:
    path: Path

    @classmethod
    def of(cls, service: str, home: Path) -> "ClockFile":
        """Where the stack of that folder puts it."""
        return cls(home / "config" / service / "clock")

    def read(self) -> str | None:
        """None when there is none: the clock is right then."""
        try:
            return self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as cause:
            raise TargetUnfit(str(self.path), f"cannot be read ({cause})", "run: chaos-aura down") from cause

    def says_s(self) -> float:
        content = self.read()
        try:
            return float(content or _RIGHT)
        except ValueError as cause:
            why = f"holds {content!r}, not a number of seconds"
            raise TargetUnfit(str(self.path), why, f"write {_RIGHT} into it") from cause

    def age_s(self) -> float:
        """Since it last changed. Endless when there is none."""
        try:
            return max(0.0, time.time() - self.path.stat().st_mtime)
        except FileNotFoundError:
            return float("inf")

    def write(self, content: str) -> None:
        fresh = self.path.with_name(f".{self.path.name}.{_MARK}{os.getpid()}")
        try:
            fresh.write_text(content, encoding="ascii")
            fresh.replace(self.path)
        except OSError as cause:
            fresh.unlink(missing_ok=True)
            raise MachineLacks.because(cause, str(self.path)) from cause

    def tidy(self) -> None:
        """Removes what writers have left that were killed."""
        for left in self.path.parent.glob(f".{self.path.name}.{_MARK}*"):
            with suppress(ValueError, FileNotFoundError):
                if ProcessId.of(int(left.name.rpartition(_MARK)[2])) is None:
                    left.unlink()
