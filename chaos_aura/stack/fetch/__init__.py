"""Brings what is missing or unsound of the stack into the user's cache.

    fetch(["kafka", "neo4j", "toxiproxy"], cache, Manifest.bundled(), progress)

returns when every part is there and verified; a whole cache costs a few milliseconds and nothing is written.
Interrupted (Ctrl-C, SIGTERM), it stops within about a second, keeps what it has for the next time and raises
KeyboardInterrupt. It fails with FetchFailed, CacheUnsound, MachineLacks or BadInput.
"""

import os
from collections.abc import Collection, Mapping
from contextlib import suppress

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.cache import Cache, Soundness
from chaos_aura.stack.fetch.lock import only_fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Progress

__all__ = ["fetch"]

_BROUGHT_BY_THE_EXTRA = {"httpx", "jgo"}


def fetch(
    products: Collection[str],
    cache: Cache,
    manifest: Manifest,
    progress: Progress,
    environ: Mapping[str, str] = os.environ,
) -> None:
    soundness = cache.quick_soundness(manifest, products)
    if soundness.is_whole:
        _renew_receipts(cache, soundness, progress)
        return
    try:
        # Only here: an HTTP client takes longer to import than a whole cache to check.
        from chaos_aura.stack.fetch.errand import Errand  # noqa: PLC0415

        Errand(products, cache, manifest, progress, environ).run()
    except ModuleNotFoundError as problem:
        package = str(problem.name).partition(".")[0]
        if package not in _BROUGHT_BY_THE_EXTRA:
            raise
        why = f"the Python package {package} is not installed"
        raise MachineLacks("fetch", why, "run: pip install 'chaos-aura[local]'") from problem


def _renew_receipts(cache: Cache, soundness: Soundness, progress: Progress) -> None:
    """So that what was hashed now is not hashed next time. A cache that cannot be written is sound all the same."""
    if soundness.renewed:
        with suppress(OSError), only_fetch(cache.root, progress):
            cache.write_receipts(cache.receipts() | dict(soundness.renewed))
