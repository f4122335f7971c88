"""The first start of all: nothing in the cache, nothing in the folder. Goal: at most 120 s. Downloads 200 MB."""

import os
import tempfile
import time
from pathlib import Path

from local_stack import PlacedStack

from chaos_aura.core.project import Project

_GOAL_S = 120


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="chaos-aura-bench-") as folder:
        project = Path(folder) / "project"
        project.mkdir()
        environ = {**os.environ, "CHAOS_AURA_CACHE": str(Path(folder) / "cache")}
        stack = PlacedStack(Project(project), environ)
        began_s = time.monotonic()
        done = stack.command("up")
        took_s = time.monotonic() - began_s
        stack.down(purge=True)
        assert done.returncode == 0, done.stderr
        print(f"first start, empty cache {took_s:6.1f} s (goal: at most {_GOAL_S} s)")


if __name__ == "__main__":
    main()
