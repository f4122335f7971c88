"""A signal that the kernel hands to another thread than the one where Python handles it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

from awaiting import wait_until
from other_thread import hand_over, sleeps

_WITHIN_S = 30
_SLEEPS = """
import os, signal, sys, threading
from chaos_aura.toolkit.prodding import Prodding

threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
prodding = Prodding([signal.SIGTERM])
children = [os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "600")]
print(children[0], flush=True)
try:
    os.waitpid(children[0], 0)
finally:
    os.kill(children[0], signal.SIGKILL)
    prodding.close()
    assert signal.getsignal(signal.SIGURG) == signal.SIG_DFL
    assert signal.set_wakeup_fd(-1) == -1
    assert "prodding" not in {thread.name for thread in threading.enumerate()}
"""


def test_it_is_handled_while_the_main_thread_sleeps_in_a_system_call() -> None:
    command = [sys.executable, "-c", _SLEEPS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        try:
            wait_until(lambda: sleeps(process.pid), _WITHIN_S, "it sleeps")
            hand_over(process.pid, signal.SIGTERM)
            said, _ = process.communicate(timeout=_WITHIN_S)
        finally:
            process.kill()
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    assert (process.returncode, said) == (7, "")
