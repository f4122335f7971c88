"""Where jars come from: Maven's central repository, or a mirror of it over http, https or in a folder."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from chaos_aura.core.errors import BadInput
from chaos_aura.stack.fetch.sources import Refused, Unreachable

MIRROR_VARIABLE = "CHAOS_AURA_MAVEN_REPOSITORY"
_CHUNK_BYTES = 1 << 16
_PORTS = 1 << 16
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Stream:
    """Bytes of a file from `start` on, which is not always where it was asked for."""

    start: int
    chunks: Iterator[bytes]


class Repository(Protocol):
    @property
    def name(self) -> str: ...

    def opened(self, path: str, start: int) -> AbstractContextManager[Stream]: ...


@contextmanager
def repository_of(environ: Mapping[str, str], connections: int) -> Iterator[Repository]:
    mirror = environ.get(MIRROR_VARIABLE, "")
    name = f"the mirror in {MIRROR_VARIABLE}" if mirror else "Maven's central repository"
    address = _address(mirror or _central_url())
    if address.scheme == "file":
        yield FolderRepository(name, Path(address.path))
        return
    with _client(address, connections) as client:
        yield HttpRepository(name, client)


@dataclass(frozen=True)
class FolderRepository:
    name: str
    folder: Path

    @contextmanager
    def opened(self, path: str, start: int) -> Iterator[Stream]:
        try:
            content = (self.folder / path).open("rb")
        except OSError as problem:
            raise _refused(path, f"{self.name} cannot give it ({problem.strerror})") from problem
        with content:
            content.seek(start)
            yield Stream(start, iter(lambda: content.read(_CHUNK_BYTES), b""))


@dataclass(frozen=True)
class HttpRepository:
    name: str
    client: httpx.Client

    @contextmanager
    def opened(self, path: str, start: int) -> Iterator[Stream]:
        headers = {"Range": f"bytes={start}-"} if start else {}
        try:
            with self.client.stream("GET", path, headers=headers) as answer:
                self._check(path, answer)
                yield Stream(start if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0, answer.iter_raw())
        except (httpx.TransportError, httpx.TooManyRedirects) as problem:
            raise self._unreachable(_in_words(problem)) from problem

    def _check(self, path: str, answer: httpx.Response) -> None:
        if answer.is_server_error or answer.status_code in _WORTH_ANOTHER_TRY:
            raise self._unreachable(f"answers HTTP {answer.status_code}")
        if not answer.is_success:
            raise _refused(path, f"{self.name} answers HTTP {answer.status_code}")
        if answer.headers.get("Content-Type", "").startswith("text/"):
            raise _refused(path, f"{self.name} answers with a page of text instead")

    def _unreachable(self, why: str) -> Unreachable:
        return Unreachable(self.name, why, MIRROR_VARIABLE)


def _address(text: str) -> httpx.URL:
    with suppress(httpx.InvalidURL):
        address = httpx.URL(text)
        is_http = address.scheme in ("http", "https") and address.host and (address.port or 0) < _PORTS
        if is_http or address.scheme == "file":
            return address
    raise BadInput(MIRROR_VARIABLE, "is not an http, https or file address", "for example: file:///srv/maven")


def _central_url() -> str:
    # Only here: jgo takes 0.3 s to import, and a mirror makes it needless.
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415

    return str(MAVEN_CENTRAL_URL)


def _client(url: httpx.URL, connections: int) -> httpx.Client:
    return httpx.Client(
        base_url=url,
        verify=_trust(),
        follow_redirects=True,
        headers={"Accept-Encoding": "identity", "User-Agent": "chaos-aura"},
        timeout=httpx.Timeout(15, connect=5),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
    )


def _trust() -> ssl.SSLContext:
    """What httpx trusts and what this machine trusts: companies put their own authority into the latter."""
    try:
        context = httpx.create_ssl_context()
    except OSError as problem:
        raise BadInput("SSL_CERT_FILE", f"holds no certificates ({problem})", "correct it or unset it") from problem
    context.load_default_certs()
    return context


def _in_words(problem: Exception) -> str:
    if isinstance(problem, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return f"cannot be reached ({problem})"
    return f"broke off ({str(problem) or type(problem).__name__})"


def _refused(path: str, why: str) -> Refused:
    return Refused(path.rpartition("/")[2], why, f"set {MIRROR_VARIABLE} to a repository that has it")
