"""`python -m chaos_aura.stack.supervisor HOME [FD...]`: becomes a daemon, returns once it listens.

The daemon closes the descriptors named; the process that waits for it holds them until then.
"""

import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.supervisor.daemon import say, serve
from chaos_aura.stack.supervisor.place import LOCK, LOG, PROGRAMS, SOCKET


def main() -> int:
    home, until_ready = Path(sys.argv[1]), map(int, sys.argv[2:])
    heard, told = os.pipe()
    if os.fork():
        os.close(told)
        return _wait_until_ready(heard)
    for descriptor in (heard, *until_ready):
        os.close(descriptor)
    os.setsid()
    return _become_daemon(home, told)


def _wait_until_ready(heard: int) -> int:
    """The daemon writes a word when it listens; a pipe that ends without it means that it died."""
    with os.fdopen(heard) as pipe:
        word = pipe.read()
    if word == "ready":
        return 0
    print(word or "supervisor: died before it listened", file=sys.stderr)  # noqa: T201 - its parent reads this
    return 1


def _become_daemon(home: Path, told: int) -> int:
    _redirect_output(home / LOG)
    try:
        with (home / LOCK).open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sign(lock)
            serve(home, SOCKET, PROGRAMS, _tell(told, "ready"))
    except BlockingIOError:
        _tell(told, "supervisor: another one runs this stack already; run: chaos-aura status")()
    except (ChaosAuraError, OSError) as cause:
        say(f"supervisor: {cause}")
        _tell(told, f"supervisor: {cause}")()
        return 1
    return 0


def _sign(lock: IO[str]) -> None:
    """So that one which answers no more can still be found and ended."""
    lock.truncate(0)
    lock.write(str(ProcessId.of(os.getpid())))
    lock.flush()


def _redirect_output(log: Path) -> None:
    """Away from the terminal of whoever started it: that may close."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, number)
    for source in (nothing, output):
        os.close(source)


def _tell(pipe: int, word: str) -> Callable[[], None]:
    def tell() -> None:
        try:
            os.write(pipe, word.encode())
            os.close(pipe)
        except OSError:
            pass  # nobody listens any more, or it was told before

    return tell


if __name__ == "__main__":
    sys.exit(main())
