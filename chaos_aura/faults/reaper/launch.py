"""Starts the reaper of a folder."""

import subprocess
import sys
from pathlib import Path

from chaos_aura.core.errors import ReaperMissing
from chaos_aura.faults.place import FOLDER, REAPER_LOG

_LISTENS_WITHIN_S = 10.0
_PROGRAM = Path(__file__).absolute().with_name("main.py")


def launch(home: Path) -> None:
    """Returns when one listens, this one or another. It is nobody's child, and outlives whoever started it."""
    root = _PROGRAM.parents[3]
    log = home / FOLDER / REAPER_LOG
    try:
        (home / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        started = subprocess.run(
            [sys.executable, "-I", "-S", str(_PROGRAM), str(root), str(home.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=_LISTENS_WITHIN_S,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise ReaperMissing(
            "reaper", f"could not be started ({cause})", f"its log: {log}; nothing was injected"
        ) from cause
    if started.returncode:
        said = (started.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise ReaperMissing("reaper", f"did not start ({said})", f"its log: {log}; nothing was injected")
