"""Which state of the sources a run was made from."""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_WITHIN_S = 10.0
_HEAD = "# branch.oid "


class Revision(NamedTuple):
    """`dirty`: something was changed since. Both None where there is no git, no commit, or no answer in time."""

    revision: str | None = None
    dirty: bool | None = None

    @classmethod
    def told(cls, status: str) -> "Revision":
        """By `git status --porcelain=v2 --branch`."""
        heads = [line.removeprefix(_HEAD) for line in status.splitlines() if line.startswith(_HEAD)]
        if not heads or heads[0] == "(initial)":
            return cls()
        return cls(heads[0], any(not line.startswith("#") for line in status.splitlines()))


class AskedRevision:
    """Git is asked while the run goes on. It takes no lock that somebody who commits meanwhile would miss."""

    def __init__(self, folder: Path, within_s: float = _WITHIN_S) -> None:
        self._within_s = within_s
        self._git: subprocess.Popen[str] | None = None
        command = ["git", "--no-optional-locks", "-C", str(folder), "status"]
        with suppress(OSError):
            self._git = subprocess.Popen(
                [*command, "--porcelain=v2", "--branch", "--no-ahead-behind", "--untracked-files=no"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
                process_group=0,  # Ctrl-C is not meant for it
            )

    def answer(self) -> Revision:
        if self._git is None:
            return Revision()
        try:
            told, _ = self._git.communicate(timeout=self._within_s)
        except subprocess.TimeoutExpired:
            return Revision()
        return Revision.told(told) if self._git.returncode == 0 else Revision()

    def close(self) -> None:
        if self._git is not None and self._git.stdout is not None:
            self._git.kill()  # nothing happens to one that has ended
            self._git.wait()
            self._git.stdout.close()
