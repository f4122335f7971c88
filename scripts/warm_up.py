#!/usr/bin/env python3
"""Makes the start-up caches of the JVMs for stacks of this checkout, unless they are there.

A stack that runs for a minute makes them by itself. Those of most tests do not, so all of them would start slowly.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.stack.build import aot_caches, make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.down import bring_down
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Silent
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.up import Wanted, bring_up
from chaos_aura.supervision.place import TRAINING

_WITHIN_S = 300.0
_LOOK_EVERY_S = 0.2
_ENDS = (signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    for each in _ENDS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _end)
    began_s = time.monotonic()
    cache, manifest = Cache.of_user(os.environ), Manifest.bundled()
    fetch(manifest.products, cache, manifest, Silent(), os.environ)
    with tempfile.TemporaryDirectory(prefix="chaos-aura-warm-up-") as folder:
        project = Project(Path(folder).resolve())
        caches = aot_caches(make_site(project, cache, manifest, os.environ, range(1, len(port_names()) + 1)))
        if all(each.exists for each in caches.values()):
            return 0
        try:
            bring_up(Wanted(project, cache, manifest, os.environ, tuple(caches), timeout_s=_WITHIN_S), Silent())
            until_s = time.monotonic() + _WITHIN_S
            while _is_training(project) and time.monotonic() < until_s:
                time.sleep(_LOOK_EVERY_S)
        finally:
            _hear_no_more()
            bring_down(project, purge=True, on_wait=lambda: None)
        made = [name for name, each in caches.items() if each.exists]
    took_s = time.monotonic() - began_s
    sys.stdout.write(f"warm-up: start-up caches of {' and '.join(made) or 'no service'} in {took_s:.0f} s\n")
    return 0 if len(made) == len(caches) else 1


def _end(number: int, _frame: object) -> None:
    _hear_no_more()
    sys.exit(128 + number)


def _hear_no_more() -> None:
    """What is being put back is put back whole."""
    for each in (*_ENDS, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)


def _is_training(project: Project) -> bool:
    """Another stack may be at it already: then this one has no such job."""
    job = RunningStack.of(project).jobs().get(TRAINING)
    return job is not None and job.process is not None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ChaosAuraError, OSError) as cause:
        sys.exit(f"warm-up: {cause}")
    except KeyboardInterrupt:
        sys.exit(130)
