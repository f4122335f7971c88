"""Somebody else's services as `chaos-aura.toml` describes them, as the catalogue that everything else reads.

[stack]
kind = "external"
compose_project = "shop"        # where there is one: nothing outside it is ever touched
# allow_hosts = ["10.0.0.5"]    # hosts beside this machine's loopback that may be spoken to

[services.cache]
kind = "redis"                  # redis, neo4j, kafka, temporal, http
address = "127.0.0.1:6379"      # where it answers on this machine, past every proxy
compose_service = "redis"       # or: container = "shop-redis-1"; neither: it is watched, not hurt

[services.web]
kind = "http"
address = "127.0.0.1:8080"
health = "/healthz"             # well while this is answered with 2xx
compose_service = "web"

[toxiproxy]
address = "127.0.0.1:8474"
compose_service = "toxiproxy"   # must be said where there is a compose_project: no other may be hurt

[edges."web.cache"]             # the path that `web` takes to `cache`
proxy = "cache"                 # what Toxiproxy calls it
address = "127.0.0.1:16379"     # where that proxy is met on this machine
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chaos_aura.containers.group import Group
from chaos_aura.core.catalogue import EXTERNAL, Catalogue, Edge, Service
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project_file import EDGES, FILE, SERVICES, STACK, TOXIPROXY, read_tables
from chaos_aura.core.stack_choice import checked_stack
from chaos_aura.stack.external.table import Table

SCHEMES: Mapping[str, str] = {"redis": "redis", "neo4j": "bolt", "kafka": "", "temporal": "", "http": "http"}
HTTP = "http"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z")
ELSEWHERE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")  # names as Docker and Toxiproxy may have them
_PAGE = re.compile(r"/[!-~]*\Z")
_PLACES = ("compose_service", "container")
_DISCOVER = "chaos-aura discover --compose PROJECT writes a first version"


def described(root: Path) -> Catalogue:
    """Of the project in that folder. BadInput with file, table and key."""
    return catalogue_of(read_tables(root), str(root / FILE))


def catalogue_of(tables: Mapping[str, Mapping[str, Any]], file: str) -> Catalogue:
    """`file` is how messages call it. Nothing is asked, neither engine nor service."""
    stack = Table.of(file, STACK, tables.get(STACK, {}))
    stack.refuse_unknown("kind", "compose_project", "allow_hosts")
    if "kind" in stack.row:
        checked_stack(stack.row["kind"], f"{stack.where} kind")
    project = stack.name("compose_project", ELSEWHERE, '"shop"')
    hosts = stack.texts("allow_hosts", '["10.0.0.5"]')
    rows = {name: Table.of(file, f"{SERVICES}.{name}", row) for name, row in tables.get(SERVICES, {}).items()}
    services = [_service(name, table, project, hosts) for name, table in rows.items()]
    if not services:
        raise BadInput(file, f"describes no service: there is no table [{SERVICES}.NAME]", _DISCOVER)
    if TOXIPROXY in tables:
        services.append(_toxiproxy(Table.of(file, TOXIPROXY, tables[TOXIPROXY]), project, hosts))
    edges = tuple(_edge(file, name, row, services, hosts) for name, row in tables.get(EDGES, {}).items())
    _refuse_two_of_one(file, services, edges)
    if edges and project and not next(each for each in services if each.name == TOXIPROXY).is_contained:
        why = f"names no container of project {project}, and whatever Toxiproxy is at its address would be hurt"
        raise BadInput(f"{file}, [{TOXIPROXY}]", why, 'write: compose_service = "toxiproxy"')
    return Catalogue(EXTERNAL, tuple(services), edges)


def _refuse_two_of_one(file: str, services: Iterable[Service], edges: Iterable[Edge]) -> None:
    """Faults on one would undo those on the other, and nobody would see why."""
    places = ((f"{SERVICES}.{each.name}", Group.from_dict(each.runs_in)) for each in services if each.is_contained)
    proxies = ((f'{EDGES}."{each.name}"', f"proxy {each.proxy}") for each in edges)
    seen: dict[object, str] = {}
    for name, what in (*places, *proxies):
        table = name.removeprefix(f"{SERVICES}.") if name == f"{SERVICES}.{TOXIPROXY}" else name
        if what in seen:
            raise BadInput(f"{file}, [{table}]", f"is {what}, and so is [{seen[what]}]", "keep one of them")
        seen[what] = table


def _service(name: str, table: Table, project: str, hosts: tuple[str, ...]) -> Service:
    if name == TOXIPROXY:
        raise BadInput(table.where, "is a name of its own", f"describe it in a table [{TOXIPROXY}]")
    if not NAME.match(name):
        raise BadInput(table.where, f"{name!r} is no name for a service", "letters, digits, - and _ only: cache, web-2")
    kind = table.word("kind", tuple(SCHEMES))
    table.refuse_unknown("kind", "address", *(("health",) if kind == HTTP else ()), *_PLACES)
    address = table.address("address", hosts)
    health = table.name("health", _PAGE, '"/healthz"')
    return Service(name, address, SCHEMES[kind], "", runs_in=_place(table, project), kind=kind, health=health)


def _toxiproxy(table: Table, project: str, hosts: tuple[str, ...]) -> Service:
    table.refuse_unknown("address", *_PLACES)
    return Service(TOXIPROXY, table.address("address", hosts), HTTP, "", runs_in=_place(table, project))


def _place(table: Table, project: str) -> dict[str, str]:
    """Empty for one that runs in no container that is known."""
    service, container = (table.name(key, ELSEWHERE, '"redis"') for key in _PLACES)
    if service and container:
        raise BadInput(table.where, "has both compose_service and container", "keep the one that is meant")
    if service and not project:
        raise BadInput(
            f"{table.where} compose_service",
            "belongs to no project",
            f'write in [{STACK}]: compose_project = "shop"; or name a container instead',
        )
    if container:
        return {**({"project": project} if project else {}), "container": container}
    return {"project": project, "service": service} if service else {}


def _edge(file: str, name: str, row: object, services: list[Service], hosts: tuple[str, ...]) -> Edge:
    client, dot, service = name.partition(".")
    table = Table.of(file, f'{EDGES}."{name}"', row)
    if not dot and any(isinstance(value, dict) for value in table.row.values()):
        inner = next(iter(table.row))
        raise BadInput(f"{file}, [{EDGES}.{name}.{inner}]", "needs quotes", f'write: [{EDGES}."{name}.{inner}"]')
    if not (NAME.match(client) and NAME.match(service)):
        raise BadInput(table.where, f"{name!r} is no CLIENT.SERVICE", f'write such as: [{EDGES}."web.cache"]')
    known = {each.name: each for each in services}
    if service not in known or service == TOXIPROXY:
        there_are = ", ".join(each for each in known if each != TOXIPROXY)
        raise BadInput(table.where, f"{service} is no service of this file", f"there are: {there_are}")
    if TOXIPROXY not in known:
        raise BadInput(table.where, "there is no Toxiproxy", f'write: [{TOXIPROXY}] with address = "127.0.0.1:8474"')
    table.refuse_unknown("proxy", "address")
    table.text("proxy", '"cache"')
    proxy, address = table.name("proxy", ELSEWHERE, '"cache"'), table.address("address", hosts)
    target = known[service]
    return Edge(client, service, address, target.address, target.scheme, proxy, target.kind)
