"""`hold_memory.py BYTES`: takes memory, touches every page, holds it."""

import mmap

from chaos_aura.faults.lasting.helper import Helper

_PIECE_BYTES = 32 * 1024 * 1024  # touched in some 10 ms: between two pieces it looks whether it must end


def run(helper: Helper) -> None:
    left, held = int(helper.arguments[0]), []
    while left > 0 and helper.wait(0):
        size = min(left, _PIECE_BYTES)
        held.append(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE))
        left -= size
    helper.wait_to_end()
