"""Where a daemon's output goes: away from the terminal of whoever started it, which may close."""

import os
from pathlib import Path


def redirect_output(log: Path) -> None:
    """To the end of that file. There is nothing to read."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, number)
    for source in (nothing, output):
        os.close(source)
