"""What a check makes for a moment bears its maker's name: so the next doctor clears away what a killed one left."""

import itertools
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.process import ProcessId

_NAME = re.compile(r"chaos-aura-doctor-(\d+)-(\d+)-\d+")
_numbers = itertools.count()


def own_name() -> str:
    """Another one at each call."""
    own = ProcessId.of(os.getpid())
    return f"chaos-aura-doctor-{os.getpid()}-{own.start_ticks if own else 0}-{next(_numbers)}"


def clear_abandoned(folder: Path, remove: Callable[[Path], object]) -> None:
    """`remove` takes away one thing; what cannot be removed by this user is left to another."""
    with suppress(OSError):
        for thing in folder.iterdir():
            maker = _NAME.fullmatch(thing.name)
            if maker and not ProcessId(int(maker[1]), int(maker[2])).is_alive():
                with suppress(OSError):
                    remove(thing)
