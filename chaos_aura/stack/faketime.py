"""libfaketime as the services can bear it: a copy that moves what tells the time, and leaves all else alone.

As packaged it also stands between a program and its timed waits, and takes a deadline on the monotonic clock for one
on the wall clock: such a wait then ends at once, and a JVM that does nothing keeps a processor busy. And each process
with it makes a semaphore and a piece of shared memory for the whole machine to see, which a killed one leaves behind.
In the copy those functions have names that nobody looks for, and that semaphore a name that no system accepts.
"""

import struct
from importlib.util import find_spec
from pathlib import Path

from chaos_aura.core.errors import MachineLacks

_WHERE = "libfaketime"
_HIDDEN = (
    b"pthread_cond_init",
    b"pthread_cond_destroy",
    b"pthread_cond_timedwait",
    b"timer_gettime",
    b"timer_settime",
    b"timerfd_gettime",
    b"timerfd_settime",
)
_SEMAPHORE, _NO_SEMAPHORE = b"/faketime_sem_%ld\0", b"/faketime/sem_%ld\0"
_ELF64_LITTLE = b"\x7fELF\x02\x01"
_NAMES_OF_SYMBOLS = b".dynstr"
_SECTION = struct.Struct("<IIQQQQIIQQ")  # name, type, flags, address, offset, size, and four more


def packaged() -> Path:
    """MachineLacks when the package is not installed."""
    package = find_spec(_WHERE)
    for folder in package.submodule_search_locations or () if package else ():
        for library in sorted(Path(folder).rglob("libfaketime.so*")):
            return library
    raise MachineLacks(_WHERE, "the Python package is missing", "pip install 'chaos-aura[local]'")


def only_telling_time(library: bytes) -> bytes:
    """That copy. MachineLacks when it is built otherwise than the one we know."""
    copy = bytearray(library)
    try:
        start, end = _names_of_symbols(library)
        for name in _HIDDEN:
            copy[library.index(b"\0" + name + b"\0", start, end) + 1] = ord("_")
        at = library.index(_SEMAPHORE)
    except (ValueError, IndexError, struct.error) as cause:
        raise MachineLacks(_WHERE, f"is not built as expected ({cause})", "pip install 'libfaketime>=3,<4'") from cause
    copy[at : at + len(_NO_SEMAPHORE)] = _NO_SEMAPHORE
    return bytes(copy)


def _names_of_symbols(library: bytes) -> tuple[int, int]:
    """Where in an ELF file its loader finds them."""
    if not library.startswith(_ELF64_LITTLE):
        raise ValueError("no 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", library, 0x28)
    count, of_names = struct.unpack_from("<HH", library, 0x3C)
    sections = [_SECTION.unpack_from(library, table + number * _SECTION.size) for number in range(count)]
    names = sections[of_names][4]
    for name, _, _, _, offset, size, *_ in sections:
        if library.startswith(_NAMES_OF_SYMBOLS + b"\0", names + name):
            return offset, offset + size
    raise ValueError("no names of symbols")
