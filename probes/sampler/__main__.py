"""Says `ready` when each thing has been sampled, obeys `stores` and `stop`, ends with its standard input."""

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.errors import ChaosAuraError
from probes.sampler.sampler import Sampler

_USAGE = "usage: python -P -m probes.sampler RUN_FOLDER HOME"


def main(words: list[str]) -> int:
    """A Ctrl-C in the terminal is meant for whoever started this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        folder, home = words
    except ValueError:
        return _refuse(_USAGE)
    try:
        sampler = Sampler(Path(folder), Path(home))
    except ChaosAuraError as cause:
        return _refuse(f"sampler: {cause}")
    # Obeyed from the beginning: who starts it may have changed his mind before it is ready.
    sampler.start(on_ready=lambda: _say("ready"))
    for line in sys.stdin:
        match line.strip():
            case "stores":
                # Beside: a store may hang for long, and the end of standard input must not wait for it.
                threading.Thread(target=lambda: _say(_stored(sampler)), daemon=True).start()
            case "stop":
                break
    return 0


def _stored(sampler: Sampler) -> str:
    try:
        sampler.write_stores()
    except Exception as cause:  # noqa: BLE001 - the border: whatever it is, who asked must hear of it
        return f"stores failed: {' '.join(f'{type(cause).__name__}: {cause}'.split())}"
    return "stores"


def _say(line: str) -> None:
    with suppress(OSError):  # nobody listens any more: the end of standard input says so too
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _refuse(why: str) -> int:
    sys.stderr.write(why + "\n")
    return 2


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # at once: what its threads still wait for is left alone
