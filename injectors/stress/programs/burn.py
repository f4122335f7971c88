"""`burn.py CORES PERCENT`: keeps so many processors busy, each by a thread whose work needs no interpreter."""

import _thread
import time
import zlib

from chaos_aura.faults.lasting.helper import Helper

_PERIOD_S = 0.02
_WORK = bytes(256 * 1024)  # about 0.1 ms; the checksum of so much is computed without the interpreter's lock
_PER_CENT = 100


def run(helper: Helper) -> None:
    cores, percent = (int(argument) for argument in helper.arguments)
    for _ in range(cores):
        _thread.start_new_thread(_burn, (_PERIOD_S * percent / _PER_CENT,))
    helper.wait_to_end()


def _burn(busy_s: float) -> None:
    """The share is of the thread's own time on a processor: on a crowded machine it tries for longer."""
    while True:
        began_s, worked_s = time.monotonic(), time.thread_time()
        while time.thread_time() - worked_s < busy_s:
            zlib.crc32(_WORK)
        left_s = began_s + _PERIOD_S - time.monotonic()
        if busy_s < _PERIOD_S and left_s > 0:
            time.sleep(left_s)
