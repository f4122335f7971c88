"""How gladly the kernel kills the first process of a container for want of memory: its oom_score_adj."""

from dataclasses import dataclass
from pathlib import Path

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.inside import run_inside
from chaos_aura.core.errors import TargetUnfit

FIRST = 1000
_FILE = "oom_score_adj"
_SET = f"echo {{}} > /proc/1/{_FILE}"


@dataclass(frozen=True)
class Choice:
    """From this machine where it may, which also reaches one that is frozen; else from inside."""

    engine: Engine

    def read(self, now: Container) -> int:
        try:
            if outside := _outside(now):
                return int(outside.read_text(encoding="ascii"))
        except OSError:
            pass  # it may have ended
        done = run_inside(self.engine, now, ("cat", f"/proc/1/{_FILE}"))
        try:
            return int(done.said)
        except ValueError as cause:
            why = f"its {_FILE} cannot be read: {done.last_line}"
            raise TargetUnfit(now.name, why, "look inside") from cause

    def write(self, now: Container, score: int, user: str) -> None:
        """Also by whoever may not lower it below what it had to begin with."""
        try:
            if outside := _outside(now):
                outside.write_text(str(score), encoding="ascii")
                return
        except OSError:
            pass  # as above, or it is another user's
        done = run_inside(self.engine, now, ("sh", "-c", _SET.format(score)), user=user)
        if done.code:
            raise TargetUnfit(now.name, f"its {_FILE} cannot be written: {done.last_line}", "restart it")


def _outside(now: Container) -> Path | None:
    process = now.process
    return Path("/proc") / str(process.pid) / _FILE if process else None
