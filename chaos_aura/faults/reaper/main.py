"""`python -I -S main.py ROOT HOME`: becomes the reaper of a folder, returns once it listens.

Run by its file and without site-packages, so that it is there at once and nothing that is installed can break it. ROOT
is where our package lies. When there is a reaper already, this one ends at once: that is as good.
"""

import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from chaos_aura.core.output import redirect_output
from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import sign
from chaos_aura.faults.place import FOLDER, REAPER_LOCK, REAPER_LOG, REAPER_SOCKET
from chaos_aura.faults.reaper.loop import Reaper
from chaos_aura.faults.reaper.own_lock import take_own

_LOG_LIMIT_BYTES = 1024 * 1024
_LISTENS = b"."
_BACKLOG = 128
_LAST_TO_BE_KILLED = "-900"


def main() -> int:
    home = Path(sys.argv[2])
    heard, told = os.pipe()
    if os.fork():
        os.close(told)
        return 0 if os.read(heard, 1) == _LISTENS else 1
    os.close(heard)
    os.setsid()
    if os.fork():  # so that it is nobody's child, and never anybody's zombie
        os._exit(0)
    _serve(home, told)
    return 0


def _serve(home: Path, told: int) -> None:
    folder = home / FOLDER
    os.chdir(folder)  # a socket's path may have 107 bytes, and a checkout's has more
    _put_aside_what_is_long(Path(REAPER_LOG))
    redirect_output(Path(REAPER_LOG))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when nothing is left to guard; SIGKILL is there for the rest
    lock = take_own(Path(REAPER_LOCK))
    if lock is None:
        os.write(told, _LISTENS)
        return
    process = ProcessId.of(os.getpid())
    if process is None:
        return
    with suppress(OSError):  # a right that not everybody has
        Path("/proc/self/oom_score_adj").write_text(_LAST_TO_BE_KILLED, encoding="ascii")
    Path(REAPER_SOCKET).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(REAPER_SOCKET)
        listener.listen(_BACKLOG)
        sign(lock, process)
        os.write(told, _LISTENS)
        os.close(told)
        Reaper(home, listener, process).run()


def _put_aside_what_is_long(log: Path) -> None:
    with suppress(OSError):
        if log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(f"{log}.1")


if __name__ == "__main__":
    sys.exit(main())
