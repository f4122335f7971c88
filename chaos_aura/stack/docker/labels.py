"""The catalogue, written on containers as labels and read from them again.

chaos-aura.service=kafka   chaos-aura.port=27001   chaos-aura.scheme=   chaos-aura.version=4.1.0
chaos-aura.page.ui=http://127.0.0.1:27009          chaos-aura.edge.worker=27031:27004     its port, and where it leads
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from chaos_aura.containers.container import PROJECT, SERVICE, Container
from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import DOCKER, Catalogue, Edge, Service
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.docker.wiring import SERVICES, is_by_default, ports_in
from chaos_aura.stack.edges import EDGES, edge_port_name
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.services import LOCAL_SERVICES, Site

_MARK = "chaos-aura"
MEMBER = f"{_MARK}.service"
_PORT, _SCHEME, _VERSION = f"{_MARK}.port", f"{_MARK}.scheme", f"{_MARK}.version"
_PAGE, _EDGE = f"{_MARK}.page.", f"{_MARK}.edge."


def labels_of(name: str, ports: Mapping[str, int], told: Callable[[str], str]) -> dict[str, str]:
    """`told` says a port by its name, as the file with the labels does: a number, or a variable."""
    nowhere = Path("/nonexistent")
    site = Site(Project(nowhere), Cache(nowhere), Manifest.bundled(), {"PATH": ""}, ports, EDGES)
    service = next(each for each in LOCAL_SERVICES if each.name == name)
    described = service.describe(site)
    labels = {MEMBER: name, _PORT: told(name), _SCHEME: described.scheme, _VERSION: described.version}
    for page, url in described.pages.items():
        port_name = next(each for each, port in ports.items() if f":{port}" in url)
        labels[_PAGE + page] = url.replace(str(ports[port_name]), told(port_name))
    for client, into in EDGES:
        if into == name:
            upstream = service.upstream(client, site).port
            leads = next(each for each, port in ports.items() if port == upstream)
            labels[_EDGE + client] = f"{told(edge_port_name(client, into))}:{told(leads)}"
    return labels


def catalogue_of(containers: Iterable[Container]) -> Catalogue:
    """Of those that bear labels of ours, and of what would be started beside them, as a local stack has it."""
    found = {each.labels[MEMBER]: each for each in containers if each.labels.get(MEMBER) in SERVICES}
    told = {name: _Told(each.name, each.labels) for name, each in found.items()}
    told = {**_not_started(tuple(found.values())), **told}
    ordered = [told[name] for name in SERVICES if name in told]
    services = tuple(_service(each) for each in ordered)
    edges = tuple(edge for each in ordered for edge in _edges(each))
    order = {f"{client}.{service}": number for number, (client, service) in enumerate(EDGES)}
    return Catalogue(DOCKER, services, tuple(sorted(edges, key=lambda edge: order.get(edge.name, len(order)))))


def ports_told(containers: Iterable[Container]) -> dict[str, int]:
    """As any of them was told, which is told all; empty when none was."""
    for each in containers:
        environ = dict(line.partition("=")[::2] for line in each.document["Config"].get("Env") or ())
        with suppress(BadInput):
            return ports_in(environ)
    return {}


class _Told(NamedTuple):
    """What is known of one service. `by`: whose labels they are."""

    by: str
    labels: Mapping[str, str]


def _not_started(containers: Sequence[Container]) -> dict[str, _Told]:
    """Those for which there is no container: what would be written on it."""
    ports = ports_told(containers)
    if not ports:
        return {}
    there = {each.labels[MEMBER] for each in containers}
    project = containers[0].labels.get(PROJECT, "")
    absent = [name for name in SERVICES if is_by_default(name) and name not in there]
    rows = {name: labels_of(name, ports, lambda port_name: str(ports[port_name])) for name in absent}
    return {name: _Told(name, {**row, PROJECT: project, SERVICE: name}) for name, row in rows.items()}


def _service(told: _Told) -> Service:
    labels = told.labels
    pages = {key.removeprefix(_PAGE): value for key, value in labels.items() if key.startswith(_PAGE)}
    runs_in = {"project": labels.get(PROJECT, ""), "service": labels.get(SERVICE, "")}
    address = on_loopback(_port(told, labels[_PORT]))
    return Service(labels[MEMBER], address, labels[_SCHEME], labels[_VERSION], pages, runs_in)


def _edges(told: _Told) -> Iterable[Edge]:
    for key, value in told.labels.items():
        if key.startswith(_EDGE):
            port, _, upstream = value.partition(":")
            client, service = key.removeprefix(_EDGE), told.labels[MEMBER]
            listens, leads = on_loopback(_port(told, port)), on_loopback(_port(told, upstream))
            yield Edge(client, service, listens, leads, told.labels[_SCHEME])


def _port(told: _Told, text: str) -> int:
    if not text.isdecimal():
        raise BadInput(told.by, f"has a label with {text!r} instead of a port", "run: chaos-aura down, then up")
    return int(text)
