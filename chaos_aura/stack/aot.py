"""Start-up (AOT) caches of the JVMs: which one fits, and whether a running JVM really uses it.

A file is named for all that it was made from, `neo4j-<fingerprint>.aot`: another jar, flag or runtime is another
name, so a stale cache is never used. Its sha256 lies beside it. A JVM is told to use it even while it is not made
yet: it then starts without, and the next start, were it after a kill, has it.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.stack.cache import sha256_of
from chaos_aura.stack.java import Jvm

_KEPT = 3


@dataclass(frozen=True, slots=True)
class AotCache:
    product: str
    path: Path

    @classmethod
    def of(cls, product: str, jvm: Jvm, folder: Path) -> "AotCache":
        return cls(product, folder / f"{product}-{fingerprint(jvm)}.aot")

    @property
    def flags(self) -> tuple[str, ...]:
        """Verified by the JVM at each start (50 ms): a damaged one that is not would crash it."""
        return (f"-XX:AOTCache={self.path}", "-XX:+VerifySharedSpaces", "-Xlog:aot*=off")

    @property
    def exists(self) -> bool:
        return self.path.exists()

    def is_undamaged(self) -> bool:
        """Hashes it whole."""
        try:
            return _hash_file(self.path).read_text(encoding="ascii").strip() == sha256_of(self.path)
        except OSError:
            return False

    def is_used_by(self, pid: int) -> bool:
        """Seen in the process's own memory map: a JVM that refused its cache runs on without a word."""
        try:
            maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        return f" {self.path.resolve()}\n" in maps

    def could_have_been_used(self, running_for_s: float) -> bool:
        """Whether it was there already when a JVM started that has been running for so long."""
        try:
            return time.time() - self.path.stat().st_mtime > running_for_s
        except FileNotFoundError:
            return False

    @property
    def in_the_making(self) -> Path:
        """Beside it, because only within one file system a file is replaced whole."""
        return self.path.with_name(f".{self.path.name}.part")

    def take_over(self) -> None:
        """What was made replaces what is there. Of the product's other caches all but the newest few are removed."""
        made_hash = sha256_of(self.in_the_making)
        self.in_the_making.replace(self.path)
        _hash_file(self.path).write_text(made_hash + "\n", encoding="ascii")
        for former in _oldest_beyond(_KEPT, self.path.parent.glob(f"{self.product}-*.aot")):
            former.unlink(missing_ok=True)
            _hash_file(former).unlink(missing_ok=True)


def _hash_file(cache: Path) -> Path:
    return cache.with_name(cache.name + ".sha256")


def fingerprint(jvm: Jvm) -> str:
    """The JVM itself compares sizes and times of jars; so does this."""
    files: Iterable[Path] = (jvm.jre.library, *jvm.classpath)
    identity = [jvm.jre.version, list(jvm.flags), [_identity(file) for file in files]]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]


def _identity(file: Path) -> tuple[str, int, int]:
    status = os.stat(file)  # noqa: PTH116 - 271 times in every start
    return str(file), status.st_size, status.st_mtime_ns


def _oldest_beyond(kept: int, files: Iterable[Path]) -> list[Path]:
    dated = []
    for file in files:
        with suppress(FileNotFoundError):  # another stack may be tidying too
            dated.append((file.stat().st_mtime_ns, file))
    return [file for _, file in sorted(dated, reverse=True)[kept:]]
