"""What there is to hurt and to measure: services, and the edges that lead to them.

A stack writes its catalogue as one JSON file; everything else, ours or a stranger's, reads it:

    {"schema": 1, "stack": "local",
     "services": [{"name": "neo4j", "address": "127.0.0.1:21007", "scheme": "bolt", "version": "2026.08.1"}, ...],
     "edges": [{"client": "worker", "service": "neo4j", "address": "127.0.0.1:21013",
                "upstream": "127.0.0.1:21007"}, ...]}

A service in containers also has `"runs_in": {"project": "shop", "service": "cache"}`, or `{"container": "shop-cache"}`,
and one that is not called what it is has `"kind": "redis"`; an http service's `"health"` is the page that tells
whether it is well. An edge whose proxy is not called as it is has `"proxy": "cache"`, and its service's `"kind"`.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from chaos_aura.core.address import Address
from chaos_aura.core.errors import BadInput

SCHEMA = 1
LOCAL = "local"  # the stack of processes that a supervisor keeps
DOCKER = "docker"  # the same in containers
EXTERNAL = "external"  # somebody's own services
_PLACES = frozenset({"project", "service", "container"})


@dataclass(frozen=True, slots=True)
class Service:
    """A server. Its address is direct: no edge, no proxy, for probes and for people."""

    name: str
    address: Address
    scheme: str
    version: str
    pages: dict[str, str] = field(default_factory=dict)
    runs_in: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    health: str = ""  # of an http service: the page that tells whether it is well

    @property
    def speaks(self) -> str:
        """What it is: redis, kafka, neo4j, temporal, toxiproxy, http; a member of the platform by its own name."""
        return self.kind or self.name

    @property
    def is_contained(self) -> bool:
        """It runs in containers; no supervisor of ours keeps it."""
        return bool(self.runs_in)

    @property
    def uri(self) -> str:
        return uri_of(self.scheme, self.address)


@dataclass(frozen=True, slots=True)
class Edge:
    """The path that one client takes to one service: one Toxiproxy proxy, in `address`, out at `upstream`."""

    client: str
    service: str
    address: Address
    upstream: Address
    scheme: str
    proxy_name: str = ""
    kind: str = ""

    @property
    def name(self) -> str:
        return f"{self.client}.{self.service}"

    @property
    def proxy(self) -> str:
        """What Toxiproxy calls it."""
        return self.proxy_name or self.name

    @property
    def speaks(self) -> str:
        """What its service is."""
        return self.kind or self.service

    @property
    def uri(self) -> str:
        return uri_of(self.scheme, self.address)


Target = Service | Edge


def uri_of(scheme: str, address: Address) -> str:
    """Kafka and gRPC clients take bare addresses: their scheme is empty."""
    return f"{scheme}://{address}" if scheme else str(address)


@dataclass(frozen=True, slots=True)
class Catalogue:
    stack: str
    services: tuple[Service, ...]
    edges: tuple[Edge, ...]

    def service(self, name: str) -> Service:
        return _named(name, self.services, "service")

    def edge(self, name: str) -> Edge:
        return _named(name, self.edges, "edge")

    def target(self, name: str) -> Target:
        targets: tuple[Target, ...] = (*self.services, *self.edges)
        return _named(name, targets, "target")

    def edges_into(self, service: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.service == service)

    def to_json(self) -> str:
        services = [
            {
                "name": service.name,
                "address": str(service.address),
                "scheme": service.scheme,
                "uri": service.uri,
                "version": service.version,
                "pages": service.pages,
                **({"runs_in": service.runs_in} if service.runs_in else {}),
                **({"kind": service.kind} if service.kind else {}),
                **({"health": service.health} if service.health else {}),
            }
            for service in self.services
        ]
        edges = [
            {
                "name": edge.name,
                "client": edge.client,
                "service": edge.service,
                "address": str(edge.address),
                "upstream": str(edge.upstream),
                "scheme": edge.scheme,
                "uri": edge.uri,
                **({"proxy": edge.proxy_name} if edge.proxy_name else {}),
                **({"kind": edge.kind} if edge.kind else {}),
            }
            for edge in self.edges
        ]
        document = {"schema": SCHEMA, "stack": self.stack, "services": services, "edges": edges}
        return json.dumps(document, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str = "catalogue") -> "Catalogue":
        """Strict: a catalogue that is half understood would aim faults at the wrong thing."""
        try:
            document = json.loads(text)
            if document["schema"] != SCHEMA:
                raise BadInput(
                    where,
                    f"schema {document['schema']!r} is not the {SCHEMA} that this version reads",
                    "run: chaos-aura down, then chaos-aura up",
                )
            services = tuple(_service(row) for row in document["services"])
            edges = tuple(_edge(row) for row in document["edges"])
            _refuse_ambiguity(services, edges)
            return cls(_text(document, "stack"), services, edges)
        except (ValueError, KeyError, TypeError, RecursionError) as cause:
            raise BadInput(where, f"not a catalogue ({cause!r})", "run: chaos-aura down, then chaos-aura up") from cause


def _service(row: dict[str, Any]) -> Service:
    pages = {name: _text(row["pages"], name) for name in row["pages"]}
    runs_in = row.get("runs_in", {})
    if not set(runs_in) <= _PLACES:
        raise ValueError(f"runs_in has {sorted(set(runs_in) - _PLACES)}")
    places = {name: _text(runs_in, name) for name in runs_in}
    return Service(
        _text(row, "name"),
        _address(row, "address"),
        _text(row, "scheme"),
        _text(row, "version"),
        pages,
        places,
        _text_or_none(row, "kind"),
        _text_or_none(row, "health"),
    )


def _edge(row: dict[str, Any]) -> Edge:
    return Edge(
        _text(row, "client"),
        _text(row, "service"),
        _address(row, "address"),
        _address(row, "upstream"),
        _text(row, "scheme"),
        _text_or_none(row, "proxy"),
        _text_or_none(row, "kind"),
    )


def _text_or_none(row: dict[str, Any], key: str) -> str:
    """Empty where it is not told."""
    return _text(row, key) if key in row else ""


def _text(row: dict[str, Any], key: str) -> str:
    if not isinstance(row[key], str):
        raise TypeError(f"{key} is {row[key]!r}, not a text")
    return str(row[key])


def _address(row: dict[str, Any], key: str) -> Address:
    return Address.parse(_text(row, key))


def _refuse_ambiguity(services: tuple[Service, ...], edges: tuple[Edge, ...]) -> None:
    targets: tuple[Target, ...] = (*services, *edges)
    names = [target.name for target in targets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"more than one is called {', '.join(twice)}")
    for edge in edges:
        if edge.service not in names[: len(services)]:
            raise ValueError(f"edge {edge.name} leads to a service that is not there")


def _named[T: Target](name: str, things: tuple[T, ...], noun: str) -> T:
    for thing in things:
        if thing.name == name:
            return thing
    known = ", ".join(thing.name for thing in things) or "none"
    raise BadInput(name or "(empty name)", f"no such {noun}", f"there are: {known}")
