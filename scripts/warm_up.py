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
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Silent
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.up import Wanted, bring_up
from chaos_aura.supervision.place import TRAINING

_WITHIN_S = 300.0
_LOOK_EVERY_S = 0.2


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-aura-warm-up-") as folder:
        project, cache = Project(Path(folder).resolve()), Cache.of_user(os.environ)
        site = make_site(project, cache, Manifest.bundled(), os.environ, range(1, len(port_names()) + 1))
        caches = aot_caches(site)
        if all(each.exists for each in caches.values()):
            return 0
        try:
            bring_up(Wanted(project, cache, Manifest.bundled(), os.environ, tuple(caches)), Silent())
            while _is_training(project) and time.monotonic() < began_s + _WITHIN_S:
                time.sleep(_LOOK_EVERY_S)
        finally:
            bring_down(project, purge=True, on_wait=lambda: None)
        made = [name for name, each in caches.items() if each.exists]
    took_s = time.monotonic() - began_s
    sys.stdout.write(f"warm-up: start-up caches of {' and '.join(made) or 'no service'} in {took_s:.0f} s\n")
    return 0 if len(made) == len(caches) else 1


def _is_training(project: Project) -> bool:
    """Another stack may be at it already: then this one has no such job."""
    job = RunningStack.of(project).jobs().get(TRAINING)
    return job is not None and job.process is not None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ChaosAuraError as cause:
        sys.exit(f"warm-up: {cause}")
    except KeyboardInterrupt:
        sys.exit(130)
