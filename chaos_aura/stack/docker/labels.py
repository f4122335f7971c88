"""The catalogue, written on containers as labels and read from them again.

chaos-aura.service=kafka   chaos-aura.port=27001   chaos-aura.scheme=   chaos-aura.version=4.1.0
chaos-aura.page.ui=http://127.0.0.1:27009          chaos-aura.edge.worker=27031:27004     its port, and where it leads
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from chaos_aura.containers.container import PROJECT, SERVICE, Container
from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import DOCKER, Catalogue, Edge, Service
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.docker.wiring import SERVICES
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
    """Of those that bear labels of ours."""
    found = {each.labels[MEMBER]: each for each in containers if each.labels.get(MEMBER) in SERVICES}
    ordered = [found[name] for name in SERVICES if name in found]
    services = tuple(_service(each) for each in ordered)
    edges = tuple(edge for each in ordered for edge in _edges(each))
    order = {f"{client}.{service}": number for number, (client, service) in enumerate(EDGES)}
    return Catalogue(DOCKER, services, tuple(sorted(edges, key=lambda edge: order.get(edge.name, len(order)))))


def _service(container: Container) -> Service:
    labels = container.labels
    pages = {key.removeprefix(_PAGE): value for key, value in labels.items() if key.startswith(_PAGE)}
    runs_in = {"project": labels.get(PROJECT, ""), "service": labels.get(SERVICE, "")}
    address = on_loopback(_port(container, labels[_PORT]))
    return Service(labels[MEMBER], address, labels[_SCHEME], labels[_VERSION], pages, runs_in)


def _edges(container: Container) -> Iterable[Edge]:
    for key, value in container.labels.items():
        if key.startswith(_EDGE):
            port, _, upstream = value.partition(":")
            client, service = key.removeprefix(_EDGE), container.labels[MEMBER]
            listens, leads = on_loopback(_port(container, port)), on_loopback(_port(container, upstream))
            yield Edge(client, service, listens, leads, container.labels[_SCHEME])


def _port(container: Container, text: str) -> int:
    if not text.isdecimal():
        raise BadInput(container.name, f"has a label with {text!r} instead of a port", "run: chaos-aura down, then up")
    return int(text)
