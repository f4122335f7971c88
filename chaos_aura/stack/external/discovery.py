"""What runs in a compose project, and which of it can be described: looked at, asked, and never changed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from chaos_aura.containers.container import PROJECT, Container
from chaos_aura.containers.engine import Engine
from chaos_aura.core.address import Address
from chaos_aura.core.errors import BadInput, PingFailed, StackDown
from chaos_aura.core.project_file import TOXIPROXY
from chaos_aura.pings.toxiproxy import Proxy, proxies
from chaos_aura.stack.external.containers import listed, projects
from chaos_aura.stack.external.described import ELSEWHERE
from chaos_aura.stack.external.guess import Guess, guess
from chaos_aura.stack.external.table import is_loopback

_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
_WITHIN_S = 2.0
_ANYONE = "clients"


@dataclass(frozen=True, slots=True)
class Found:
    """One service of the project. `why_not`: why it cannot be described, empty when it can."""

    name: str
    containers: tuple[Container, ...]
    address: Address | None = None
    guess: Guess | None = None
    why_not: str = ""

    @property
    def compose_service(self) -> str:
        return self.containers[0].service

    @property
    def kind(self) -> str:
        return self.guess.kind if self.guess and not self.why_not else ""


@dataclass(frozen=True, slots=True)
class FoundEdge:
    """One proxy. `address`: where it is met on this machine; None with `why_not`."""

    name: str
    proxy: Proxy
    address: Address | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Discovered:
    project: str
    services: tuple[Found, ...]
    edges: tuple[FoundEdge, ...]

    @property
    def described(self) -> tuple[Found, ...]:
        """Toxiproxy apart, which is no service by itself."""
        return tuple(each for each in self.services if each.kind and each.kind != TOXIPROXY)


def discover(project: str, engine: Engine) -> Discovered:
    """BadInput when there is no such project, StackDown when nothing of it runs, MachineLacks on another machine."""
    engine.refuse_elsewhere()
    there = [each for each in engine.containers({PROJECT: project}) if not each.is_one_off] if project else []
    if not there:
        known = f"there are: {listed(projects(engine.containers({PROJECT: ''})))}"
        why = f"there is no compose project {project!r}" if project else "names no project"
        raise BadInput("--compose", why, known)
    if not any(each.is_running for each in there):
        raise StackDown(f"compose project {project}", f"has {len(there)} containers, and none runs", "start it")
    grouped: dict[str, list[Container]] = {}
    for container in there:
        grouped.setdefault(container.service, []).append(container)
    with ThreadPoolExecutor(len(grouped)) as side_by_side:
        services = distinct(side_by_side.map(lambda group: _found(tuple(group)), grouped.values()))
    return Discovered(project, services, _edges(services))


def distinct(services: Iterable[Found]) -> tuple[Found, ...]:
    """Each by a name of its own. There is one table for a Toxiproxy, and that name is nobody else's."""
    told: dict[str, Found] = {}
    for each in services:
        if each.kind == TOXIPROXY and TOXIPROXY not in told:
            told[TOXIPROXY] = replace(each, name=TOXIPROXY)
            continue
        name, number = each.name, 2
        while name in told or name == TOXIPROXY:
            name, number = f"{each.name}-{number}", number + 1
        why_not = "it is a second Toxiproxy, and one can be described" if each.kind == TOXIPROXY else each.why_not
        told[name] = replace(each, name=name, why_not=why_not)
    return tuple(told.values())


def _found(containers: tuple[Container, ...]) -> Found:
    """The port that answers best; one that answers nothing only where none does."""
    name = _UNFIT.sub("-", containers[0].service).strip("-_") or "service"
    first = next((each for each in containers if each.is_running), None)
    if first is None:
        return Found(name, containers, why_not="it does not run")
    ports = {inside: outside for inside, outside in first.published.items() if is_loopback(outside.host)}
    if not ports:
        elsewhere = ", ".join(str(each) for each in first.published.values())
        why = f"its ports are published on {elsewhere} only" if elsewhere else "it publishes no port on this machine"
        return Found(name, containers, why_not=why)
    image = str(first.document["Config"].get("Image") or "")
    guesses = [(outside, guess(outside, inside, image)) for inside, outside in sorted(ports.items())]
    address, best = max(guesses, key=lambda each: (each[1].has_answered, bool(each[1].kind)))
    return Found(name, containers, address, best, "" if best.kind else best.told)


def _edges(services: Sequence[Found]) -> tuple[FoundEdge, ...]:
    server = next((each for each in services if each.kind == TOXIPROXY and each.address), None)
    if server is None or server.address is None:
        return ()
    try:
        told = proxies(server.address, _WITHIN_S)
    except PingFailed:
        return ()
    names = _named({proxy: _upstream(proxy, services) for proxy in told})
    return tuple(_edge(proxy, names[proxy], server.containers[0]) for proxy in told)


def _named(leads_to: Mapping[Proxy, Found | None]) -> dict[Proxy, str]:
    """`web.cache` where the proxy is called so; else after whoever may use it, or after the proxy."""
    names: dict[Proxy, str] = {}
    for proxy, service in leads_to.items():
        if service is None:
            names[proxy] = ""
            continue
        client = proxy.name.removesuffix(f".{service.name}") if proxy.name.endswith(f".{service.name}") else _ANYONE
        client = _UNFIT.sub("-", client).strip("-_") or _ANYONE
        if f"{client}.{service.name}" in names.values():
            client = f"via-{_UNFIT.sub('-', proxy.name).strip('-_')}"
        names[proxy] = f"{client}.{service.name}"
    return names


def _upstream(proxy: Proxy, services: Sequence[Found]) -> Found | None:
    """Whose container it leads to, by any name that others of its networks know."""
    host = proxy.upstream.rpartition(":")[0]
    for each in services:
        names = {each.compose_service}
        for container in each.containers:
            names |= {container.name, container.id[:12]}
            for network in container.networks.values():
                names |= {network.address, *network.aliases}
        if host in names - {""}:
            return each if each.kind and each.kind != TOXIPROXY else None
    return None


def _edge(proxy: Proxy, name: str, server: Container) -> FoundEdge:
    if not name:
        return FoundEdge("", proxy, why_not=f"it leads to {proxy.upstream}, which is no service of this file")
    if not ELSEWHERE.match(proxy.name):
        return FoundEdge(name, proxy, why_not="its name has letters that cannot be written here")
    port = proxy.listen.rpartition(":")[2]
    outside = server.published.get(int(port)) if port.isdecimal() else None
    if outside is None or not is_loopback(outside.host):
        return FoundEdge(name, proxy, why_not=f"port {port} of Toxiproxy is not published on 127.0.0.1")
    return FoundEdge(name, proxy, outside)
