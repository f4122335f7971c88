"""Everything that the checks look at, found when first asked for: what cannot be found spoils only who asks."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.core.project import Project
from chaos_aura.stack.build import make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.services import Site

_FIRST_PORT = 1
_BESIDE_PATH = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_TEMPORARY = ("/tmp", "/var/tmp", "/usr/tmp")


@dataclass(frozen=True)
class Scene:
    """`is_deep`: hash everything, however long it takes."""

    project: Project
    environ: Mapping[str, str]
    is_deep: bool = False

    @cached_property
    def cache(self) -> Cache:
        try:
            return Cache.of_user(self.environ)
        except RuntimeError as cause:  # this user has no home
            raise MachineLacks(
                "cache", f"there is no place for it ({cause})", "set HOME or CHAOS_AURA_CACHE"
            ) from cause

    @cached_property
    def manifest(self) -> Manifest:
        return Manifest.bundled()

    @cached_property
    def site(self) -> Site:
        """To ask services what they would run. Its ports stand for none."""
        ports = range(_FIRST_PORT, _FIRST_PORT + len(port_names()))
        return make_site(self.project, self.cache, self.manifest, self.environ, ports)

    @property
    def temporary(self) -> Path:
        """Found by asking: `tempfile` tries with a file, which stays when it is killed at that moment."""
        named = (self.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        candidates = [Path(name).absolute() for name in (*named, *_TEMPORARY) if name]
        usable = (path for path in candidates if os.access(path, os.W_OK | os.X_OK) and path.is_dir())
        return next(usable, Path.cwd())

    @property
    def wide_path(self) -> str:
        """Where an administrator's programs are, too: an ordinary user's PATH often lacks those folders."""
        return ":".join((self.environ.get("PATH") or "", *_BESIDE_PATH))


def nearest_existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if is_there(parent))


def is_there(path: Path) -> bool:
    """As far as this user may see."""
    try:
        path.stat()
    except OSError:
        return False
    return True
