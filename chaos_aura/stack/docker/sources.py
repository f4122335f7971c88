"""What an image is made of: files of a checkout, or of what was installed, which are the same.

Their fingerprint is its tag: other sources, another image.
"""

import hashlib
import io
import sysconfig
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.docker.compose_file import NAME as COMPOSE

DOCKERFILE = "image/Dockerfile"
CARRIED = "share/chaos-aura/stack"  # where the wheel puts them, below the environment
_PROGRAM = "image/with_ca"
_FILES = (DOCKERFILE, _PROGRAM, "requirements.lock")
_PACKAGE = "chaos_aura"
_ROOMS = ("core", "pings", "supervision", "stack", "containers", "platform")  # what a container of the stack runs
_CA = "image/ca.pem"
_PARENT_OF_PACKAGE = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Sources:
    """`root`: where the compose file lies, and what it takes to build. `parent`: where the package lies."""

    root: Path
    parent: Path

    @classmethod
    def installed(cls) -> "Sources":
        """Of this program."""
        is_checkout = (_PARENT_OF_PACKAGE / COMPOSE).is_file()
        carried = Path(sysconfig.get_path("data")) / CARRIED
        return cls(_PARENT_OF_PACKAGE if is_checkout else carried, _PARENT_OF_PACKAGE)

    @property
    def compose_file(self) -> Path:
        return self.root / COMPOSE

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """By their names in the image's context. MachineLacks where chaos-aura was installed without them."""
        for name in (*_FILES, COMPOSE):
            if not (self.root / name).is_file():
                why = f"there is no {name} in {self.root}"
                raise MachineLacks("image", why, "install chaos-aura anew from its wheel, or use a checkout")
        return dict(sorted(self._found()))

    @cached_property
    def fingerprint(self) -> str:
        known = hashlib.sha256()
        for name, path in self.files.items():
            known.update(name.encode() + b"\0")
            known.update(hashlib.sha256(path.read_bytes()).digest())
        return known.hexdigest()[:12]

    def context(self, certificates: bytes, into: io.BufferedIOBase) -> None:
        """As the engine reads it. The same files make the same archive, whoever has them: then its steps are cached."""
        with tarfile.open(fileobj=into, mode="w") as archive:
            for name, path in self.files.items():
                _add(archive, name, path.read_bytes(), is_program=name == _PROGRAM)
            _add(archive, _CA, certificates, is_program=False)

    def _found(self) -> Iterator[tuple[str, Path]]:
        yield from ((name, self.root / name) for name in _FILES)
        package = self.parent / _PACKAGE
        yield f"{_PACKAGE}/__init__.py", package / "__init__.py"
        for room in _ROOMS:
            for path in (package / room).rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield str(path.relative_to(self.parent)), path


def certificates_in(environ: Mapping[str, str]) -> bytes:
    """Those by which this machine believes the package indexes, where it has its own; none otherwise."""
    for name in ("CHAOS_AURA_CA", "SSL_CERT_FILE"):
        if told := environ.get(name):
            try:
                return Path(told).read_bytes()
            except OSError as cause:
                raise MachineLacks.because(cause) from cause
    return b""


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, is_program: bool) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o755 if is_program else 0o644
    archive.addfile(entry, io.BytesIO(content))
