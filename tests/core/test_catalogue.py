"""The catalogue as a file: nothing lost, nothing half understood."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Catalogue, Edge, Service
from chaos_aura.core.errors import BadInput

_names = st.text(st.characters(exclude_characters="."), min_size=1, max_size=8)
_addresses = st.builds(Address, st.sampled_from(["127.0.0.1", "localhost", "::1"]), st.integers(1, 65_535))
_schemes = st.sampled_from(["", "redis", "bolt", "http"])


@st.composite
def _catalogues(draw: st.DrawFn) -> Catalogue:
    names = draw(st.lists(_names, unique=True, max_size=4))
    pages = st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=2)
    places = st.dictionaries(st.sampled_from(["project", "service", "container"]), st.text(max_size=5), max_size=2)
    services = [
        Service(
            name,
            draw(_addresses),
            draw(_schemes),
            draw(st.text(max_size=5)),
            draw(pages),
            draw(places),
            draw(st.text(max_size=5)),
            draw(st.text(max_size=5)),
        )
        for name in names
    ]
    pairs = draw(st.lists(st.tuples(_names, st.sampled_from(names)), unique=True, max_size=6)) if names else []
    edges = [
        Edge(
            client,
            name,
            draw(_addresses),
            draw(_addresses),
            draw(_schemes),
            draw(st.text(max_size=5)),
            draw(st.text(max_size=5)),
        )
        for client, name in pairs
    ]
    return Catalogue(draw(st.text(max_size=6)), tuple(services), tuple(edges))


@given(_catalogues())
def test_as_json_and_back(catalogue: Catalogue) -> None:
    assert Catalogue.from_json(catalogue.to_json()) == catalogue


_REDIS = Service("redis", Address("127.0.0.1", 1), "redis", "7.0", {"ui": "http://127.0.0.1:9"})
_KAFKA = Service("kafka", Address("127.0.0.1", 2), "", "4.3.1")
_EDGES = tuple(
    Edge(client, service.name, Address("127.0.0.1", port), service.address, service.scheme)
    for port, (client, service) in enumerate([("api", _REDIS), ("worker", _REDIS), ("worker", _KAFKA)], start=10)
)
_CATALOGUE = Catalogue("local", (_REDIS, _KAFKA), _EDGES)


def test_finding_by_name() -> None:
    assert _CATALOGUE.service("kafka") is _KAFKA
    assert _CATALOGUE.edge("worker.redis") is _EDGES[1]
    assert _CATALOGUE.target("kafka") is _KAFKA
    assert _CATALOGUE.target("worker.kafka") is _EDGES[2]
    assert _CATALOGUE.edges_into("redis") == _EDGES[:2]


def test_what_a_thing_is_and_is_called_elsewhere() -> None:
    cache = Service("cache", Address("127.0.0.1", 1), "redis", "", kind="redis")
    path = Edge("web", "cache", Address("127.0.0.1", 2), cache.address, "redis", "to-cache", "redis")
    assert (cache.speaks, path.speaks, path.proxy, path.name) == ("redis", "redis", "to-cache", "web.cache")
    assert (_REDIS.speaks, _EDGES[0].speaks, _EDGES[0].proxy) == ("redis", "redis", "api.redis")


def test_uris() -> None:
    assert _REDIS.uri == "redis://127.0.0.1:1"
    assert _KAFKA.uri == "127.0.0.1:2"
    assert _EDGES[1].uri == "redis://127.0.0.1:11"
    rows = json.loads(_CATALOGUE.to_json())
    assert [row["uri"] for row in rows["services"]] == ["redis://127.0.0.1:1", "127.0.0.1:2"]
    assert [row["name"] for row in rows["edges"]] == ["api.redis", "worker.redis", "worker.kafka"]


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(BadInput, match=r"^neo4j: no such service; there are: redis, kafka$"):
        _CATALOGUE.service("neo4j")
    with pytest.raises(BadInput, match=r"^api.kafka: no such edge; there are: api.redis, worker.redis, worker.kafka$"):
        _CATALOGUE.edge("api.kafka")
    everything = r"redis, kafka, api.redis, worker.redis, worker.kafka"
    with pytest.raises(BadInput, match=rf"^\(empty name\): no such target; there are: {everything}$"):
        _CATALOGUE.target("")
    with pytest.raises(BadInput, match=r"^x: no such edge; there are: none$"):
        Catalogue("local", (), ()).edge("x")


def _refused(text: str) -> str:
    with pytest.raises(BadInput) as refused:
        Catalogue.from_json(text, "/a/catalogue.json")
    line = str(refused.value)
    assert line.startswith("/a/catalogue.json: ")
    assert line.endswith("; run: chaos-aura down, then chaos-aura up")
    assert "\n" not in line
    return line


@pytest.mark.parametrize("text", ["", "{", "null", "5", "[]", '"x"', "{}", "\x00", "[" * 100_000, "[1,\n2"])
def test_what_is_no_catalogue_is_refused(text: str) -> None:
    assert "not a catalogue" in _refused(text)


@pytest.mark.parametrize("schema", [0, 2, "1", None, [1]])
def test_another_schema_is_refused(schema: object) -> None:
    document = json.loads(_CATALOGUE.to_json())
    assert "is not the 1 that this version reads" in _refused(json.dumps({**document, "schema": schema}))


_READ = {"services": {"name", "address", "scheme", "version", "pages"}}
_READ["edges"] = {"client", "service", "address", "upstream", "scheme"}


def _damaged() -> list[tuple[str, dict[str, Any]]]:
    whole = json.loads(_CATALOGUE.to_json())
    cases = [(f"no {key}", {k: v for k, v in whole.items() if k != key}) for key in ("stack", "services", "edges")]
    for kind, keys in _READ.items():
        for key in sorted(keys):
            for damage in ("missing", 5, None, ["x"]):
                broken = copy.deepcopy(whole)
                broken[kind][0].pop(key)
                if damage != "missing":
                    broken[kind][0][key] = damage
                cases.append((f"{kind} {key} {damage}", broken))
    return cases


@pytest.mark.parametrize(("_case", "document"), _damaged(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_missing_or_mistyped_value_is_refused(_case: str, document: dict[str, Any]) -> None:
    assert "not a catalogue" in _refused(json.dumps(document))


def test_two_of_one_name_are_refused() -> None:
    doubled = Catalogue("local", (_REDIS, _KAFKA, _REDIS), _EDGES)
    assert "more than one is called redis" in _refused(doubled.to_json())


def test_an_edge_to_nowhere_is_refused() -> None:
    lonely = Catalogue("local", (_REDIS,), _EDGES)
    assert "edge worker.kafka leads to a service that is not there" in _refused(lonely.to_json())
