"""One fetch in a process of its own: `python fetch_child.py CACHE MANIFEST PRODUCTS [options]`.

Tells its progress line by line. Exits 0, or 1 with the error's line, or 130 where it was interrupted.
"""

import argparse
import importlib
import os
import sys
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Silent


class Printed(Silent):
    def begin(self, item: str, doing: str, total_bytes: int | None = None) -> None:
        sys.stdout.write(f"{item}: {doing}\n")
        sys.stdout.flush()

    def end(self, item: str, done: str) -> None:
        self.begin(item, done)


class Filling(Printed):
    """Fills the disk as soon as fetching begins, which is after free space was looked at."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def begin(self, item: str, doing: str, total_bytes: int | None = None) -> None:
        super().begin(item, doing, total_bytes)
        with self._filler.open("ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("cache", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("products")
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--without", help="a Python package that is to seem not installed")
    options = parser.parse_args()
    manifest = Manifest.parsed(options.manifest.read_text(), str(options.manifest))
    if options.without:
        sys.modules[options.without] = None
    if options.uid is not None:
        # A child that gave up root can no longer read what lies in root's home.
        importlib.import_module("chaos_aura.stack.fetch.errand")
        os.setgroups([])
        os.setgid(options.uid)
        os.setuid(options.uid)
    progress = Filling(options.cache) if options.fill else Printed()
    try:
        fetch(options.products.split(","), Cache(options.cache), manifest, progress, dict(os.environ))
    except ChaosAuraError as failure:
        sys.stdout.write(f"{type(failure).__name__}: {failure}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
