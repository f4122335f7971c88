"""The package toxiproxy-python as it should be: a server an instance, time-outs, no error taken for success, PATCH.

The package keeps host and port in class attributes, waits for ever, lets each 5xx pass and sends POST where the server
wants PATCH. What it knows of the protocol, its words for errors included, is used from here only.
"""

import http.client
import json
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from toxiproxy.api import APIConsumer, validate_response  # type: ignore[import-untyped]
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists  # type: ignore[import-untyped]
from toxiproxy.proxy import Proxy  # type: ignore[import-untyped]
from toxiproxy.toxic import Toxic as ToldToxic  # type: ignore[import-untyped]

from chaos_aura.core.address import Address
from chaos_aura.core.errors import TargetUnfit
from injectors.toxiproxy.connections import Answer, Asked, Connections, NotConnected
from injectors.toxiproxy.toxic import ProxyState, Toxic
from injectors.toxiproxy.unanswered import Missing, Unanswered

_WITHIN_S = 1.0
_VERSION_WITHIN_S = 0.5  # it needs nothing that could be locked
_FIRST_ERROR = 300
_REMEDY = "look at: chaos-aura logs toxiproxy"


class _Consumer(APIConsumer):  # type: ignore[misc]
    """One server's own, without the package's sessions of requests: they take five times as long a request."""

    def __init__(self, address: Address) -> None:
        self.host, self.port = address.host, address.port
        self._connections = Connections(address)

    def ask(self, method: str, path: str, body: Any, within_s: float) -> Asked:
        return self._connections.ask(method, path, None if body is None else json.dumps(body).encode(), within_s)

    def answer(self, asked: Asked) -> Answer:
        """The package's errors for what the server refuses."""
        answer: Answer = validate_response(asked.answer())
        return answer


class Server:
    """One Toxiproxy. May be used by several threads at once."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._consumer = _Consumer(address)

    def version(self, within_s: float = _VERSION_WITHIN_S) -> str:
        """Told also when a proxy of it is deadlocked."""
        told = self._ask("GET", "/version", within_s=within_s)
        if not isinstance(told, dict) or "version" not in told:
            raise _strange(self.address)
        return str(told["version"])

    def proxy(self, name: str, within_s: float = _WITHIN_S) -> ProxyState | None:
        """As it is now, None when there is none."""
        return self.proxy_beside(name, lambda: None, within_s)[0]

    def proxy_beside[R](
        self, name: str, do: Callable[[], R], within_s: float = _WITHIN_S
    ) -> tuple[ProxyState | None, R]:
        """The same, and what comes of something else that is done until the answer is there."""
        done: list[R] = []
        try:
            told = self._ask("GET", f"/proxies/{name}", within_s=within_s, meanwhile=lambda: done.append(do()))
        except Missing:
            return None, done[0]
        return _proxy_state(told, self.address), done[0]

    def add(self, proxy: str, toxic: Toxic) -> None:
        self._ask("POST", f"/proxies/{proxy}/toxics", {**toxic.to_dict(), "toxicity": 1.0})

    def remove(self, proxy: str, toxic: str, within_s: float = _WITHIN_S) -> None:
        """Missing when it is not there, nor that proxy."""
        self._ask("DELETE", f"/proxies/{proxy}/toxics/{toxic}", within_s=within_s)

    def enable(self, proxy: str, *, enabled: bool) -> None:
        """Disabled, it ends its connections and listens no more. TargetUnfit when it does not say so itself."""
        told = self._ask("PATCH", f"/proxies/{proxy}", {"enabled": enabled})
        if _proxy_state(told, self.address).enabled is not enabled:
            raise self._unfit(f"did not {'enable' if enabled else 'disable'} proxy {proxy}")

    def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        within_s: float = _WITHIN_S,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Any:
        try:
            asked = self._consumer.ask(method, path, body, within_s)
        except (NotConnected, OSError, http.client.HTTPException) as cause:
            raise self._unanswered(cause, within_s) from cause
        with closing(asked):
            meanwhile()
            return self._answered(f"{method} {path}", asked, within_s)

    def _answered(self, question: str, asked: Asked, within_s: float) -> Any:
        try:
            answer = self._consumer.answer(asked)
        except NotFound as cause:
            raise Missing(self._name, f"{question}: {_words(cause.args[0])}") from None
        except (ProxyExists, InvalidToxic) as cause:
            raise self._unfit(f"refused {question}: {_words(cause.args[0])}") from None
        except (OSError, http.client.HTTPException) as cause:
            raise self._unanswered(cause, within_s) from cause
        if answer.status_code >= _FIRST_ERROR:
            raise self._unfit(f"answered {question} with {answer.status_code}: {_words(answer.content)}")
        return _parsed(answer.content, self.address)

    @property
    def _name(self) -> str:
        return f"toxiproxy at {self.address}"

    def _unfit(self, why: str) -> TargetUnfit:
        return TargetUnfit(self._name, why, _REMEDY)

    def _unanswered(self, cause: Exception, within_s: float) -> Unanswered:
        refused = isinstance(cause.__cause__, ConnectionRefusedError)
        why = "nothing listens there" if refused else f"no answer within {within_s:g} s"
        came_too_late = isinstance(cause.__cause__ or cause, TimeoutError)
        if not refused and not came_too_late:
            why = f"the connection broke ({type(cause.__cause__ or cause).__name__})"
        unanswered = Unanswered(self._name, why, "run: chaos-aura status")
        unanswered.nobody_listens = refused
        unanswered.came_too_late = came_too_late
        return unanswered


def _words(content: bytes) -> str:
    """`toxic already exists` of `{"error":"toxic already exists","status":409}`"""
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(content)["error"])
    return " ".join(content.decode(errors="replace").split())[:200] or "no reason given"


def _parsed(content: bytes, address: Address) -> Any:
    try:
        return json.loads(content or b"null")
    except ValueError:
        raise _strange(address) from None


def _proxy_state(told: Any, address: Address) -> ProxyState:
    try:
        proxy = Proxy(**told)
        toxics = tuple(_toxic(ToldToxic(**row)) for row in told["toxics"])
    except (TypeError, KeyError):
        raise _strange(address) from None
    return ProxyState(str(proxy.name), bool(proxy.enabled), toxics)


def _toxic(told: Any) -> Toxic:
    # A toxic with less than full toxicity hits only some connections: it is not the one that was asked for.
    kind = told.type if told.toxicity == 1 else f"{told.type} ({told.toxicity:g} of connections)"
    return Toxic(told.name, kind, told.stream, dict(told.attributes))


def _strange(address: Address) -> TargetUnfit:
    return TargetUnfit(f"toxiproxy at {address}", "its answer is not that of a Toxiproxy", _REMEDY)
