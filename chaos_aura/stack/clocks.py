"""A clock of its own for each service that can have one, so that it can be set wrong while the service runs.

The service is started with a library before its own, which adds to the system's time what the service's clock file
says: `+0` at first. The file is read again once a second.
"""

import hashlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.core.process import ProcessId
from chaos_aura.stack import faketime
from chaos_aura.stack.cache import Cache

FILE = "clock"
RIGHT = "+0\n"

_WHERE = "libfaketime"
_FRESH = ".fresh."
_SHIFT_S, _TOLERANCE_S = 7200, 60
_WAIT_S = 0.01
_TRIES = 3
_TRIED_WITHIN_S = 10.0  # also on a machine that has much to do
_NUMBERS = 5
_TRY = f"""
import ctypes, threading, time
libc, condition, mutex, attribute = ctypes.CDLL(None), *(ctypes.create_string_buffer(64) for _ in range(3))
def took(wait):
    began = time.monotonic()
    wait()
    return time.monotonic() - began
def shortest(wait):  # of several: one that ends at once may happen to wait for a processor instead
    return min(took(wait) for _ in range({_TRIES}))
def wait_on_condition():
    at = time.monotonic() + {_WAIT_S}
    until = (ctypes.c_long * 2)(int(at), int(at % 1 * 1e9))
    libc.pthread_mutex_lock(mutex)
    libc.pthread_cond_timedwait(condition, mutex, until)
    libc.pthread_mutex_unlock(mutex)
libc.pthread_condattr_init(attribute)
libc.pthread_condattr_setclock(attribute, time.CLOCK_MONOTONIC)
libc.pthread_cond_init(condition, attribute)
lock = threading.Lock()
lock.acquire()
waits = (lambda: time.sleep({_WAIT_S}), lambda: lock.acquire(timeout={_WAIT_S}), wait_on_condition)
print(time.time(), time.monotonic(), *map(shortest, waits))
"""


def clock_library(cache: Cache, environ: Mapping[str, str]) -> Path:
    """Made and tried once for each machine, then kept. MachineLacks says why there can be none."""
    packaged = faketime.packaged()
    content = packaged.read_bytes()
    kept = kept_in(cache) / f"libfaketime-{_fingerprint(content)}.so"
    refuse_split(kept)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(kept.parent)
        fresh = kept.with_name(f"{_FRESH}{os.getpid()}.{kept.name}")
        try:
            fresh.write_bytes(faketime.only_telling_time(content))
            try_out(fresh, environ)
            fresh.replace(kept)
        finally:
            fresh.unlink(missing_ok=True)
    return kept


def _clear_abandoned(folder: Path) -> None:
    """What one that was killed had begun."""
    for path in folder.glob(f"{_FRESH}*"):
        maker = path.name.removeprefix(_FRESH).partition(".")[0]
        if maker.isdecimal() and ProcessId.of(int(maker)) is None:
            path.unlink(missing_ok=True)


def clock_library_if_any(cache: Cache, environ: Mapping[str, str]) -> Path | None:
    """Services run as well without: the doctor says what is lacking."""
    with suppress(MachineLacks, OSError):
        return clock_library(cache, environ)
    return None


def kept_in(cache: Cache) -> Path:
    return cache.root / "clocks"


def refuse_split(path: Path) -> None:
    """Its loader takes a blank or a colon for the end of a path."""
    if any(letter.isspace() or letter == ":" for letter in str(path)):
        raise MachineLacks(
            _WHERE, f"cannot be loaded from {path}", "set CHAOS_AURA_CACHE to a folder without blanks and colons"
        )


def clock_environ(library: Path, file: Path) -> dict[str, str]:
    """What a process must be told to look at that file once a second.

    It counts whole seconds: told 0 it looks again as soon as the next one begins, told 1 up to two seconds later.
    """
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "0",
    }


def try_out(library: Path, environ: Mapping[str, str]) -> None:
    """On a Python that only tells the time and waits a little. MachineLacks when anything but its wall clock moved."""
    file = library.with_name(f"{_FRESH}{os.getpid()}.{FILE}")
    try:
        file.write_text(f"+{_SHIFT_S}\n", encoding="ascii")
        began_s = time.monotonic()
        wall_s, monotonic_s, *waits_s = _told({**environ, **clock_environ(library, file)})
    finally:
        file.unlink(missing_ok=True)
    off_s = wall_s - time.time()
    if abs(off_s - _SHIFT_S) > _TOLERANCE_S:
        raise _useless(f"moved a clock by {off_s:.0f} s instead of {_SHIFT_S} s")
    if not began_s < monotonic_s < time.monotonic():
        raise _useless("moved the monotonic clock too")
    if min(waits_s) < _WAIT_S * 0.9:
        raise _useless("let a process end its waits at once")


def _told(environ: Mapping[str, str]) -> list[float]:
    try:
        told = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _TRY],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TRIED_WITHIN_S,
            check=True,
        )
        numbers = [float(word) for word in told.stdout.split()]
    except subprocess.TimeoutExpired:
        raise _useless("let a process wait for ever") from None
    except (OSError, subprocess.CalledProcessError, ValueError) as cause:
        raise _useless(f"let a process fail ({cause})") from cause
    if len(numbers) != _NUMBERS:
        raise _useless("let a process fail without a word")
    return numbers


def _useless(why: str) -> MachineLacks:
    return MachineLacks(_WHERE, why, "run the stack with another Python")


def _fingerprint(content: bytes) -> str:
    """Of all that decides whether it works: another one is tried again."""
    machine = (faketime.__doc__, _TRY, sys.executable, sys.version, platform.release(), *platform.libc_ver())
    return hashlib.sha256(content + repr(machine).encode()).hexdigest()[:16]
