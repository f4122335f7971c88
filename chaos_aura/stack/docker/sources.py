"""What an image is made of: files of the checkout. Their fingerprint is its tag: other sources, another image."""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.docker.compose_file import NAME as COMPOSE

DOCKERFILE = "image/Dockerfile"
_FILES = (DOCKERFILE, "image/with_ca", "requirements.lock", "chaos_aura/__init__.py")
_ROOMS = ("core", "pings", "supervision", "stack", "containers", "platform")  # what a container of the stack runs
_CA = "image/ca.pem"
_CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Sources:
    root: Path = _CHECKOUT

    @property
    def compose_file(self) -> Path:
        return self.root / COMPOSE

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """MachineLacks where chaos-aura was installed without them."""
        for name in (*_FILES, COMPOSE):
            if not (self.root / name).is_file():
                why = f"there is no {name} in {self.root}: this is no checkout"
                raise MachineLacks("image", why, "use a checkout, or set CHAOS_AURA_IMAGE to an image that is there")
        return tuple(sorted(self._found()))

    @cached_property
    def fingerprint(self) -> str:
        known = hashlib.sha256()
        for path in self.files:
            known.update(str(path.relative_to(self.root)).encode() + b"\0")
            known.update(hashlib.sha256(path.read_bytes()).digest())
        return known.hexdigest()[:12]

    def context(self, certificates: bytes, into: io.BufferedIOBase) -> None:
        """As the engine reads it. The same files make the same archive, whoever has them: then its steps are cached."""
        with tarfile.open(fileobj=into, mode="w") as archive:
            for path in self.files:
                name = str(path.relative_to(self.root))
                _add(archive, name, path.read_bytes(), is_program=bool(path.stat().st_mode & 0o100))
            _add(archive, _CA, certificates, is_program=False)

    def _found(self) -> Iterator[Path]:
        yield from (self.root / name for name in _FILES)
        for room in _ROOMS:
            for path in (self.root / "chaos_aura" / room).rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path


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
