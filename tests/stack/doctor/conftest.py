import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos_aura.stack.cache import Cache
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Silent


@pytest.fixture(scope="session")
def full_cache() -> Cache:
    """The user's own, with every part in it. Nobody may change it."""
    cache, manifest = Cache.of_user(os.environ), Manifest.bundled()
    fetch(manifest.products, cache, manifest, Silent())
    return cache


@pytest.fixture
def linked_cache(full_cache: Cache, tmp_path: Path) -> Iterator[Cache]:
    """As whole as the user's own, every file a symbolic link. A test puts something else in the place of a link."""
    root = tmp_path / "cache"
    manifest = Manifest.bundled()
    for part in full_cache.parts(manifest, manifest.products):
        link = root / part.path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(full_cache.root / part.path)
    linked = Cache(root)
    linked.write_receipts(full_cache.receipts())
    yield linked
    assert full_cache.quick_soundness(manifest, manifest.products).is_whole


@pytest.fixture
def project_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder
