"""`python -P -m chaos_aura.stack.docker.bake`: what an image makes of its parts: start-up caches, a library for clocks.

In a step of its own, after the parts have been brought: a start-up cache knows its jars by their times, and these are
cut to whole seconds when a step of a build ends.
"""

import os
import sys
import tempfile
from pathlib import Path

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.clocks import clock_library
from chaos_aura.stack.docker.places import CACHE
from chaos_aura.stack.training import train

_ON_JVMS = ("kafka", "neo4j")


def main() -> int:
    cache = Cache(CACHE)
    try:
        clock_library(cache, os.environ)
        with tempfile.TemporaryDirectory() as folder:
            return train(Project(Path(folder).resolve()), cache, _ON_JVMS)
    except ChaosAuraError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
