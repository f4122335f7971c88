"""The supervisor's own log: dated lines on standard output, which is the log file."""

import os
import time
from contextlib import suppress

_STDOUT = 1


def say(line: str) -> None:
    """Never fails: a full disk, or a name in no known encoding, must not end what keeps the services alive."""
    dated = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}\n"
    with suppress(OSError):
        os.write(_STDOUT, dated.encode(errors="backslashreplace"))
