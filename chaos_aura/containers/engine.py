"""The engine itself. Whatever goes wrong with it is one line for people, told by `talking`."""

import socket
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaos_aura.containers.container import Container
from chaos_aura.containers.patience import StillUnanswered, within
from chaos_aura.containers.sockets import usual_address
from chaos_aura.core.errors import MachineLacks, NotAnswered, TargetUnfit

if TYPE_CHECKING:
    from docker import APIClient

_WHERE = "docker engine"
_UNIX = "unix://"
_WITHIN_S = 20
_HOLDS_S = 900  # longer than any grace
_START = "start it, or set DOCKER_HOST to where it listens"
_JOIN = "join the group docker (sudo usermod -aG docker $USER, then log in again), or run as root"
_NOT_FOUND, _CONFLICT = 404, 409


class NoSuchContainer(TargetUnfit):
    """It was removed, or there never was one."""


@dataclass(frozen=True)
class Engine:
    """Made without touching anything: the client is loaded when it is used first. `within_s`: for each answer."""

    environ: Mapping[str, str] = field(repr=False)  # secrets are in it
    within_s: float = _WITHIN_S

    @property
    def address(self) -> str:
        return self.environ.get("DOCKER_HOST") or usual_address(self.environ)

    @property
    def is_of_this_machine(self) -> bool:
        """Only then are its processes and files ours to look at."""
        return self.address.startswith(_UNIX)

    @cached_property
    def api(self) -> "APIClient":
        """Docker's own client: plain documents in and out."""
        self._refuse_path()
        with self.talking():
            from docker import APIClient  # noqa: PLC0415 - half a second

            self._knock()
            client = APIClient(base_url=self.address, version="auto", timeout=self.within_s, tls=_tls(self.environ))
        weakref.finalize(self, client.close)
        return client

    @contextmanager
    def talking(self, about: str = "") -> Iterator[None]:
        """Around every use of `api`. `about` is the container or project that is meant.

        NoSuchContainer, NotAnswered, MachineLacks or TargetUnfit instead of what Docker's client raises.
        """
        try:
            from docker import errors  # noqa: PLC0415
            from requests import exceptions  # noqa: PLC0415
            from urllib3.exceptions import HTTPError  # noqa: PLC0415 - what is read as a stream raises these
        except ModuleNotFoundError as cause:
            why = f"package `{cause.name}` is missing"
            raise MachineLacks(_WHERE, why, "pip install 'chaos-aura[docker]'") from cause

        try:
            yield
        except errors.NotFound as cause:
            raise NoSuchContainer(about or _WHERE, _said(cause), "see: docker ps -a") from cause
        except errors.APIError as cause:
            raise TargetUnfit(about or _WHERE, f"the engine refused: {_said(cause)}", "see: docker ps -a") from cause
        except (
            errors.DockerException,
            errors.StreamParseError,
            HTTPError,
            exceptions.RequestException,
            OSError,
        ) as cause:
            # Docker's client tells of a first answer that does not come as of any other trouble. Where too many wait
            # to be let in already, the system says so at once.
            if _has(cause, (exceptions.Timeout, TimeoutError, BlockingIOError)):
                why = f"gave no answer within {self.within_s:g} s"
                raise NotAnswered(_WHERE, why, "look at it: docker info") from cause
            raise self._unreachable(cause) from cause

    def inspect(self, container: str) -> Container:
        """As it is now. NoSuchContainer when it was removed."""
        with self.talking(container):
            document = self.api.inspect_container(container)
        try:
            return Container.of(document)
        except (KeyError, ValueError, TypeError) as cause:
            why = f"is described in words that are not known ({cause!r})"
            raise TargetUnfit(container, why, "use Docker Engine 20.10 or newer") from cause

    def find(self, container: str) -> Container | None:
        """None when it was removed."""
        try:
            return self.inspect(container)
        except NoSuchContainer:
            return None

    def containers(self, labels: Mapping[str, str]) -> tuple[Container, ...]:
        """All that bear these labels, running or not, oldest number first."""
        wanted = [f"{key}={value}" if value else key for key, value in labels.items()]
        with self.talking():
            rows = self.api.containers(all=True, filters={"label": wanted})
        found = (self.find(row["Id"]) for row in rows)
        return tuple(sorted((each for each in found if each), key=lambda each: (each.service, each.number, each.name)))

    def order(self, path: str, document: Mapping[str, Any] | None = None, waits_s: float | None = None) -> bool:
        """What Docker's client has no word for: `order("containers/4f2a/stop?t=60", waits_s=0.5)`.

        False when it was not answered in that time: it is carried out all the same. Engines 23 and 24 give up what
        nobody waits for any more, so the line stays open.
        """
        if waits_s is None:
            self._post(path, document, self.within_s)
            return True
        try:
            within(waits_s, lambda: self._post(path, document, _HOLDS_S))
        except StillUnanswered:
            return False
        return True

    def _post(self, path: str, document: Mapping[str, Any] | None, within_s: float) -> None:
        with self.talking(path.split("/")[1]):
            url = f"{self.api.base_url}/v{self.api.api_version}/{path}"
            _raise_refused(self.api.post(url, json=document, timeout=(self.within_s, within_s)))

    @cached_property
    def identity(self) -> str:
        """Which of all engines it is, wherever it listens."""
        return str(self.info().get("ID") or "")

    def refuse_elsewhere(self) -> None:
        """MachineLacks for what needs its ports and files to be those of here."""
        self._refuse_path()
        if not self.is_of_this_machine:
            why = (
                f"at {self.address} is not known to be of this machine: its ports and files are others than those here"
            )
            raise MachineLacks(_WHERE, why, "unset DOCKER_HOST, or run this where the engine is")

    def heard(self, path: str, document: Mapping[str, Any]) -> bytes:
        """All that comes as an answer, however long that takes: `heard("exec/4f2a/start", {"Tty": False})`.

        Docker's client reads such an answer past its own buffer, and loses what came together with the headers.
        """
        url = f"{self.api.base_url}/v{self.api.api_version}/{path}"
        answer = self.api.post(url, json=document, timeout=(self.within_s, None))
        _raise_refused(answer)
        return bytes(answer.content)

    def info(self) -> Mapping[str, Any]:
        with self.talking():
            return dict(self.api.info())

    def _refuse_path(self) -> None:
        """Of a socket the scheme is forgotten most often."""
        if self.address.startswith("/"):
            raise MachineLacks("DOCKER_HOST", f"is {self.address}, which is no address", f"write {_UNIX}{self.address}")

    def _knock(self) -> None:
        """What the system says of its socket. Docker's client would wrap that, and leave its own socket open."""
        if self.is_of_this_machine:
            with socket.socket(socket.AF_UNIX) as knocking:
                knocking.settimeout(self.within_s)
                knocking.connect("/" + self.address.removeprefix(_UNIX).lstrip("/"))

    def _unreachable(self, cause: BaseException) -> MachineLacks:
        said = str(cause)
        if _has(cause, PermissionError) or "Permission denied" in said:
            return MachineLacks(_WHERE, f"{self.address} may not be opened by this user", _JOIN)
        if _has(cause, FileNotFoundError) or "No such file" in said:
            return MachineLacks(_WHERE, f"does not run: there is no {self.address}", _START)
        if _has(cause, ConnectionRefusedError) or "Connection refused" in said:
            return MachineLacks(_WHERE, f"does not run: nobody listens on {self.address}", _START)
        return MachineLacks(_WHERE, f"cannot be spoken to at {self.address} ({said.splitlines()[0][:200]})", _START)


def is_conflict(cause: BaseException | None) -> bool:
    """What was asked for is so already: paused, not paused, not running."""
    return getattr(getattr(cause, "response", None), "status_code", None) == _CONFLICT


def _raise_refused(answer: Any) -> None:
    from docker import errors  # noqa: PLC0415
    from requests import exceptions  # noqa: PLC0415

    try:
        answer.raise_for_status()
    except exceptions.HTTPError as cause:
        errors.create_api_error_from_http_exception(cause)


def _tls(environ: Mapping[str, str]) -> Any:
    """As Docker's own command reads the environment."""
    if not environ.get("DOCKER_TLS_VERIFY"):
        return False
    from docker.utils import kwargs_from_env  # noqa: PLC0415

    return kwargs_from_env(environment=dict(environ)).get("tls", False)


def _said(cause: Any) -> str:
    """The engine's own sentence."""
    return str(getattr(cause, "explanation", "") or cause).strip().splitlines()[0][:300]


def _has(cause: BaseException | None, kind: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
    """Somewhere among what led to it: clients wrap what the system said several times."""
    seen: list[Any] = [cause]
    while seen:
        each = seen.pop()
        if isinstance(each, kind):
            return True
        if isinstance(each, BaseException):
            seen += [each.__cause__, each.__context__, *each.args]
    return False
