"""Does to one proxy what was fixed before, and takes it back."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from chaos_aura.core.errors import TargetUnfit
from injectors.toxiproxy.plan import EdgePlan
from injectors.toxiproxy.toxic import ProxyState, Toxic
from injectors.toxiproxy.unanswered import Missing, Unanswered

_MS = 1000


class Proxies(Protocol):
    """What is needed of a server here; the adapter, with what it must import, is loaded only when there is work."""

    def proxy(self, name: str, within_s: float = ...) -> ProxyState | None: ...

    def proxy_beside[R](self, name: str, do: Callable[[], R]) -> tuple[ProxyState | None, R]: ...

    def add(self, proxy: str, toxic: Toxic) -> None: ...

    def remove(self, proxy: str, toxic: str, within_s: float = ...) -> None: ...

    def enable(self, proxy: str, *, enabled: bool) -> None: ...


def hurt(server: Proxies, edge: EdgePlan) -> None:
    for toxic in edge.toxics:
        _add(server, edge.proxy, toxic)
    if edge.disables:
        server.enable(edge.proxy, enabled=False)


def free(server: Proxies, edge: EdgePlan, within_s: float) -> None:
    """That the proxy or the toxic is not there is success."""
    for toxic in edge.toxics:
        # A reset that waits for its moment cannot be removed before that.
        waits_s = toxic.attributes["timeout"] / _MS if toxic.type == "reset_peer" else 0.0
        with suppress(Missing):
            server.remove(edge.proxy, toxic.name, within_s + waits_s)
    if edge.disables:
        with suppress(Missing):
            server.enable(edge.proxy, enabled=True)


def _add(server: Proxies, proxy: str, toxic: Toxic) -> None:
    """One that is there already as it should be was asked for twice."""
    try:
        server.add(proxy, toxic)
    except Unanswered:
        raise
    except TargetUnfit:
        now = server.proxy(proxy)
        if now is None or toxic not in now.toxics:
            raise
