"""The folder of one stack: `.chaos-aura/` beside the project that uses it."""

import errno
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import BadInput, MachineLacks

FOLDER = ".chaos-aura"
_FOLDERS = ("logs", "data", "config")
_GITIGNORE = ".gitignore"  # what runs leave is nobody's source
_MARKS = (FOLDER, "chaos-aura.toml", ".git")


@dataclass(frozen=True, slots=True)
class Project:
    """Every path of a stack. Nothing of it lies anywhere else, but for what the cache shares."""

    root: Path

    @classmethod
    def around(cls, cwd: Path, environ: Mapping[str, str]) -> "Project":
        """$CHAOS_AURA_PROJECT, else the nearest folder upwards that bears a mark of a project, else `cwd`."""
        if named := environ.get("CHAOS_AURA_PROJECT"):
            root = Path(os.path.expanduser(named))  # noqa: PTH111 - Path's own raises for an unknown user
            if not root.is_dir():
                raise BadInput("CHAOS_AURA_PROJECT", f"{root} is not a folder", "name an existing one or unset it")
            return _own(cls(root.resolve()))
        for folder in (cwd, *cwd.parents):
            if any(os.path.exists(folder / mark) for mark in _MARKS):  # noqa: PTH110 - Path's own raises where it may not look
                return _own(cls(folder))
        return cls(cwd)

    @property
    def home(self) -> Path:
        return self.root / FOLDER

    @property
    def catalogue(self) -> Path:
        return self.home / "catalogue.json"

    @property
    def programs(self) -> Path:
        return self.home / "programs.json"

    @property
    def command_lock(self) -> Path:
        """Held by a command that changes the stack."""
        return self.home / "command.lock"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def data(self, service: str) -> Path:
        return self.home / "data" / service

    def config(self, service: str) -> Path:
        return self.home / "config" / service

    def make(self, *, but: Collection[str] = ()) -> None:
        """The folder, for its owner only: what is stored in the services is nobody else's. `but`: what in it somebody
        else has made, whether it can be written or not.
        """
        try:
            self.home.mkdir(mode=0o700, exist_ok=True)
            for folder in (self.home / name for name in _FOLDERS if name not in but):
                folder.mkdir(exist_ok=True)
                _refuse_unwritable(folder)
            _refuse_unwritable(self.home)
            ignored = self.home / _GITIGNORE
            if not ignored.exists():
                ignored.write_text("*\n", encoding="ascii")
        except OSError as cause:
            why = f"cannot be written ({os.strerror(cause.errno or 0)})"
            raise MachineLacks(str(self.home), why, _remedy(cause)) from cause


def _own(project: Project) -> Project:
    """What lies in a stranger's folder is not to be run, nor believed. A link may be ours and lead to one."""
    for look in (os.lstat, os.stat):
        try:
            owner = look(project.home).st_uid
        except OSError:
            continue
        if owner != os.geteuid():
            why = f"belongs to another user (uid {owner})"
            raise BadInput(str(project.home), why, "run as that user, or set CHAOS_AURA_PROJECT")
    return project


def _remedy(cause: OSError) -> str:
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room on that disk, then run it again"
    return "run in a folder that you may write, or set CHAOS_AURA_PROJECT"


def _refuse_unwritable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
