"""Builds what a supervisor needs to run one stack: ports, site, catalogue, programs."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import LOCAL, Catalogue, Edge
from chaos_aura.core.project import Project
from chaos_aura.stack.aot import AotCache
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.clocks import clock_library_if_any
from chaos_aura.stack.edges import EDGES, edge_port_name
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.services import LOCAL_SERVICES, Site, services_with
from chaos_aura.stack.services.toxiproxy import write_proxies
from chaos_aura.stack.supervisor.program import Programs


@dataclass(frozen=True, slots=True)
class Built:
    catalogue: Catalogue
    programs: Programs


def port_names() -> tuple[str, ...]:
    """Every port that a local stack listens on."""
    of_services = [name for service in LOCAL_SERVICES for name in service.port_names(_clients_of(service.name))]
    return (*of_services, *(edge_port_name(client, service) for client, service in EDGES))


def make_site(
    project: Project, cache: Cache, manifest: Manifest, environ: Mapping[str, str], ports: Iterable[int]
) -> Site:
    return Site(project, cache, manifest, environ, dict(zip(port_names(), ports, strict=True)), EDGES)


def build(site: Site, started: Collection[str], workers: int = 1) -> Built:
    """Writes every configuration. Only the services in `started` start with the supervisor, the others when asked."""
    site = replace(
        site,
        jvm_flags={name: cache.flags for name, cache in aot_caches(site).items()},
        clock_library=clock_library_if_any(site.cache, site.service_environ),
    )
    write_proxies(site, upstreams(site))
    with ThreadPoolExecutor() as side_by_side:
        list(side_by_side.map(lambda service: service.prepare(site), LOCAL_SERVICES))
    programs = [replace(service.program(site), starts=service.name in started) for service in LOCAL_SERVICES]
    return Built(catalogue_of(site, workers), Programs(tuple(programs)))


def aot_caches(site: Site) -> dict[str, AotCache]:
    """By service, for those that run on a JVM."""
    caches = {}
    for service in LOCAL_SERVICES:
        if jvm := service.jvm(site):
            caches[service.name] = AotCache.of(service.name, jvm, site.cache.aot_dir)
    return caches


def catalogue_of(site: Site, workers: int = 1) -> Catalogue:
    services = {service.name: service.describe(site) for service in services_with(workers)}
    edges = tuple(
        Edge(client, name, site.direct(edge_port_name(client, name)), upstream, services[name].scheme)
        for (client, name), upstream in upstreams(site).items()
    )
    return Catalogue(LOCAL, tuple(services.values()), edges)


def upstreams(site: Site) -> dict[tuple[str, str], Address]:
    by_name = {service.name: service for service in LOCAL_SERVICES}
    return {(client, name): by_name[name].upstream(client, site) for client, name in site.edges}


def _clients_of(service: str) -> tuple[str, ...]:
    return tuple(client for client, into in EDGES if into == service)
