"""Starts a helper: in a session of its own, so that neither a Ctrl-C nor the end of who started it ends it."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.boot import since_boot_s
from chaos_aura.core.errors import BadInput, MachineLacks, ReaperMissing, TargetUnfit
from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import signer
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting import place
from chaos_aura.faults.place import REAPER_LOCK

_LATER_S = 1.0  # than the lease: the healer comes first
_DEFAULT = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM)
_started: set[int] = set()


def start(ground: Ground, lease_id: str, program: Path, arguments: Sequence[str], lasts_s: float) -> ProcessId:
    """It runs, but may not have done anything yet. ReaperMissing when nobody would see to its end."""
    reap()
    reaper = signer(ground.folder / REAPER_LOCK)
    if reaper is None:
        raise ReaperMissing("reaper", "does not live, so nobody would end what is started now", "start it first")
    folder = str(make_folders(ground))
    mark = place.mark(checked(lease_id))
    deadline_s = since_boot_s() + lasts_s + _LATER_S
    told = (mark, folder, str(program.absolute()), str(reaper), f"{deadline_s:.6f}", *arguments)
    try:
        pid = _spawn([sys.executable, "-I", "-S", str(Path(__file__).with_name("run.py")), *told], folder, lease_id)
    except OSError as cause:
        raise MachineLacks.because(cause, f"helper {program.stem}") from cause
    _started.add(pid)
    process = ProcessId.of(pid)
    if process is None:
        raise TargetUnfit(
            f"helper {program.stem}", "ended as soon as it was started", f"see {place.log(folder, lease_id)}"
        )
    return process


def reap() -> None:
    """Those of this process that have ended."""
    for pid in tuple(_started):
        with suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                continue
        _started.discard(pid)


def checked(lease_id: str) -> str:
    """It becomes the name of a file, and what processes are found by."""
    if not (lease_id.isascii() and lease_id.isalnum()):
        raise BadInput("lease", f"{lease_id!r} is no id", "ids are made of letters and digits")
    return lease_id


def make_folders(ground: Ground) -> Path:
    try:
        for name in (place.ENDED, place.HELPERS):
            (ground.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as cause:
        raise MachineLacks.because(cause) from cause
    return ground.folder.resolve()


def _spawn(words: list[str], folder: str, lease_id: str) -> int:
    log = (os.POSIX_SPAWN_OPEN, 2, place.log(folder, lease_id), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
    return os.posix_spawn(
        words[0],
        words,
        {"PATH": os.defpath},
        file_actions=[*nothing, log],
        setsid=True,
        setsigmask=(),
        setsigdef=_DEFAULT,
    )
