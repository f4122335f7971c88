"""`python -m chaos_aura.stack.supervisor HOME LOCK [FD...]`: becomes a daemon, returns once it listens.

LOCK is the descriptor of the folder's lock, taken by the launching process. The daemon closes the other
descriptors named; the process that waits for it holds them until then.

    launching process -> this one, which waits -> keeper -> supervisor -> services
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from chaos_aura.core.errors import ChaosAuraError, SupervisorFailed
from chaos_aura.core.output import redirect_output
from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import sign
from chaos_aura.stack.supervisor import keeper
from chaos_aura.stack.supervisor.daemon import serve
from chaos_aura.stack.supervisor.lineage import adopt_orphans, die_with_parent
from chaos_aura.stack.supervisor.program import LOG_LIMIT_BYTES
from chaos_aura.stack.supervisor.rotation import put_aside
from chaos_aura.stack.supervisor.saying import say
from chaos_aura.stack.supervisor.starter import READY, Starter, wait_until_ready
from chaos_aura.supervision.place import LOG

_STDERR = 2


def main() -> int:
    home, lock, until_ready = Path(sys.argv[1]).absolute(), int(sys.argv[2]), map(int, sys.argv[3:])
    heard, told = os.pipe()
    if os.fork():
        os.close(told)
        return wait_until_ready(heard)
    for descriptor in (heard, *until_ready):
        os.close(descriptor)
    return _become_daemon(home, lock, Starter(told))


def _become_daemon(home: Path, lock: int, starter: Starter) -> int:
    os.setsid()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        put_aside(home / LOG, LOG_LIMIT_BYTES)
        redirect_output(home / LOG)
        adopt_orphans()
        first = os.getpid()
        if supervisor := os.fork():
            _become_keeper(supervisor, lock)
        os.setsid()
        die_with_parent(first)
        _supervise(home, lock, starter)
    except (ChaosAuraError, OSError) as cause:
        say(f"supervisor: {cause}")
        starter.hears(f"supervisor: {cause}")
        return 1
    return 0


def _become_keeper(supervisor: int, lock: int) -> NoReturn:
    """Keeps nothing open but the lock: ports that the supervisor reserved are free when it ends."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for entry in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are numbers
        if int(entry) > _STDERR and int(entry) != lock:
            with suppress(OSError):
                os.close(int(entry))
    os.chdir("/")
    os.execv(sys.executable, [sys.executable, "-I", "-S", keeper.__file__, str(supervisor)])


def _supervise(home: Path, lock: int, starter: Starter) -> None:
    process = ProcessId.of(os.getpid())
    if process is None:
        raise SupervisorFailed("supervisor", "cannot read /proc of itself", "mount /proc")
    sign(lock, process)

    def ready() -> None:
        if not starter.hears(READY):
            raise SupervisorFailed("supervisor", "whoever started it is gone")

    serve(home, ready)


if __name__ == "__main__":
    sys.exit(main())
