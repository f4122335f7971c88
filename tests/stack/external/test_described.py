"""Somebody else's services as their file describes them: nothing lost, nothing half understood."""

import re
import tomllib
from pathlib import Path

import pytest

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import EXTERNAL, Catalogue, Edge, Service
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project_file import FILE
from chaos_aura.faults.limits import Limits
from chaos_aura.stack.external import described as described_module
from chaos_aura.stack.external.described import catalogue_of, described

_PAGE = Path(__file__).parents[3] / "docs" / "containers.md"
_STACK = '[stack]\nkind = "external"\ncompose_project = "shop"\n'
_CACHE = '[services.cache]\nkind = "redis"\naddress = "127.0.0.1:6379"\n'
_WHOLE = f"""{_STACK}
{_CACHE}compose_service = "redis"
[services.web]
kind = "http"
address = "localhost:8080"
health = "/healthz?deep=1"
container = "shop-web-1"
[services.jobs]
kind = "temporal"
address = "127.0.0.2:7233"
[toxiproxy]
address = "127.0.0.1:8474"
compose_service = "toxi.proxy"
[edges."web.cache"]
proxy = "cache"
address = "127.0.0.1:16379"
[edges."web.jobs"]
proxy = "web_jobs"
address = "127.0.0.1:17233"
"""


def read(text: str) -> Catalogue:
    return catalogue_of(tomllib.loads(text), FILE)


def test_everything_that_can_be_said() -> None:
    cache = Service(
        "cache", Address("127.0.0.1", 6379), "redis", "", runs_in={"project": "shop", "service": "redis"}, kind="redis"
    )
    web = Service(
        "web",
        Address("localhost", 8080),
        "http",
        "",
        runs_in={"project": "shop", "container": "shop-web-1"},
        kind="http",
        health="/healthz?deep=1",
    )
    jobs = Service("jobs", Address("127.0.0.2", 7233), "", "", kind="temporal")
    toxiproxy = Service(
        "toxiproxy", Address("127.0.0.1", 8474), "http", "", runs_in={"project": "shop", "service": "toxi.proxy"}
    )
    edges = (
        Edge("web", "cache", Address("127.0.0.1", 16379), cache.address, "redis", "cache", "redis"),
        Edge("web", "jobs", Address("127.0.0.1", 17233), jobs.address, "", "web_jobs", "temporal"),
    )
    found = read(_WHOLE)
    assert found == Catalogue(EXTERNAL, (cache, web, jobs, toxiproxy), edges)
    assert Catalogue.from_json(found.to_json()) == found


def test_the_example_of_the_module_is_one() -> None:
    doc = described_module.__doc__ or ""
    found = read(doc.partition("\n\n")[2])
    assert [target.name for target in (*found.services, *found.edges)] == ["cache", "web", "toxiproxy", "web.cache"]


def test_the_example_of_the_page_is_one(tmp_path: Path) -> None:
    [text] = re.findall(r"^```toml\n(.*?)^```", _PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / FILE).write_text(text)
    found = described(tmp_path)
    assert [target.name for target in (*found.services, *found.edges)] == ["cache", "web", "toxiproxy", "web.cache"]
    assert Limits.of(tmp_path).forbidden_targets == ("web",)


def test_without_containers_it_is_only_watched() -> None:
    assert not read(_CACHE).service("cache").is_contained
    assert read(f'{_CACHE}container = "c"\n').service("cache").runs_in == {"container": "c"}


def test_without_a_project_a_toxiproxy_may_be_anywhere() -> None:
    text = _WHOLE.replace('compose_project = "shop"\n', "").replace('compose_service = "toxi.proxy"\n', "")
    found = read(text.replace("compose_service", "container"))
    assert not found.service("toxiproxy").is_contained
    assert len(found.edges) == 2


def test_other_hosts_want_a_word() -> None:
    text = '[services.cache]\nkind = "redis"\naddress = "10.0.0.5:6379"\n'
    with pytest.raises(BadInput) as refused:
        read(text)
    assert str(refused.value) == (
        "chaos-aura.toml, [services.cache] address: 10.0.0.5:6379 is not on this machine's loopback, and nobody has "
        'allowed 10.0.0.5; publish its port on 127.0.0.1, or write in [stack]: allow_hosts = ["10.0.0.5"]'
    )
    allowed = f'[stack]\nallow_hosts = ["10.0.0.5", "cache.example"]\n{text}'
    assert read(allowed).service("cache").address == Address("10.0.0.5", 6379)
    assert read(allowed.replace("10.0.0.5:", "cache.example:")).service("cache").address.host == "cache.example"
    for near in ("localhost.example", "127.0.0.1.example", "0.0.0.0", "10.0.0.50"):
        with pytest.raises(BadInput, match="not on this machine's loopback"):
            read(allowed.replace("10.0.0.5:", f"{near}:"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (_STACK, "chaos-aura.toml: describes no service: there is no table [services.NAME]; chaos-aura discover"),
        (f'{_STACK}colour = "red"\n{_CACHE}', "chaos-aura.toml, [stack] colour: means nothing; known are: kind, comp"),
        (f'[stack]\nkind = "podman"\n{_CACHE}', "chaos-aura.toml, [stack] kind: 'podman' is no stack; there are: lo"),
        (f"[stack]\ncompose_project = 3\n{_CACHE}", "chaos-aura.toml, [stack] compose_project: is 3; write a text"),
        (f'[stack]\ncompose_project = "a b"\n{_CACHE}', "[stack] compose_project: is 'a b'; write such as"),
        (f'[stack]\nallow_hosts = "10.0.0.5"\n{_CACHE}', "[stack] allow_hosts: is '10.0.0.5'; write a list of texts"),
        (f"[stack]\nallow_hosts = [5]\n{_CACHE}", "[stack] allow_hosts: is [5]; write a list of texts"),
        ("[services]\ncache = 3\n", "chaos-aura.toml, services.cache: is no table but 3; write: [services.cache]"),
        (
            '[services."ca.che"]\n',
            "[services.ca.che]: 'ca.che' is no name for a service; letters, digits, - and _ only",
        ),
        ('[services."a\\nb"]\n', "[services.a b]: 'a\\nb' is no name for a service"),
        ('[services.""]\n', "'' is no name for a service"),
        ("[services.toxiproxy]\n", "[services.toxiproxy]: is a name of its own; describe it in a table [toxiproxy]"),
        ("[services.cache]\n", "[services.cache] kind: is missing; write such as: kind ="),
        (_CACHE.replace("redis", "reddis"), "[services.cache] kind: is 'reddis'; there are: redis, neo4j, kafka, tem"),
        (_CACHE.replace('"redis"', "7"), "[services.cache] kind: is 7; write a text"),
        (_CACHE.replace("address", "adress"), "[services.cache] adress: means nothing; known are: kind, address, com"),
        ('[services.cache]\nkind = "redis"\n', "[services.cache] address: is missing; write such as: address ="),
        (
            _CACHE.replace(":6379", ""),
            "[services.cache] address: '127.0.0.1' is not host:port; write such as: 127.0.0.",
        ),
        (_CACHE.replace("6379", "99999"), "[services.cache] address: '127.0.0.1:99999' names no port"),
        (
            f'{_CACHE}health = "/"\n',
            "[services.cache] health: means nothing; known are: kind, address, compose_service",
        ),
        (f'{_CACHE.replace("redis", "http")}health = "healthz"\n', "[services.cache] health: is 'healthz'; write such"),
        (f'{_CACHE.replace("redis", "http")}health = "/a b"\n', "[services.cache] health: is '/a b'"),
        (f'{_CACHE.replace("redis", "http")}health = "/\\r\\nX: y"\n', "[services.cache] health: is '/\\r\\nX: y'"),
        (f'{_CACHE.replace("redis", "http")}health = ""\n', "[services.cache] health: is ''; write a text"),
        (f'{_CACHE}compose_service = "redis"\n', "compose_service: belongs to no project; write in [stack]: compose_p"),
        (f'{_STACK}{_CACHE}compose_service = "r"\ncontainer = "c"\n', "has both compose_service and container; keep"),
        (f'{_CACHE}container = "../c"\n', "[services.cache] container: is '../c'"),
        (f"{_CACHE}[toxiproxy]\n", "chaos-aura.toml, [toxiproxy] address: is missing"),
        (f'{_CACHE}[toxiproxy]\naddress = "127.0.0.1:1"\nkind = "x"\n', "[toxiproxy] kind: means nothing"),
        (f"{_CACHE}[edges.web.cache]\n", '[edges.web.cache]: needs quotes; write: [edges."web.cache"]'),
        (f"{_CACHE}[edges.web]\n", "'web' is no CLIENT.SERVICE; write such as: [edges.\"web.cache\"]"),
        (f'{_CACHE}[edges."a.b.c"]\n', "'a.b.c' is no CLIENT.SERVICE"),
        (f'{_CACHE}[edges."web.db"]\n', '[edges."web.db"]: db is no service of this file; there are: cache'),
        (f'{_CACHE}[edges."web.cache"]\n', '[edges."web.cache"]: there is no Toxiproxy; write: [toxiproxy] with'),
        (_WHOLE.replace('proxy = "cache"\n', ""), '[edges."web.cache"] proxy: is missing; write such as: proxy ='),
        (_WHOLE.replace('proxy = "cache"', 'proxy = "a/b"'), "[edges.\"web.cache\"] proxy: is 'a/b'"),
        (_WHOLE.replace("127.0.0.1:16379", "10.1.1.1:16379"), '[edges."web.cache"] address: 10.1.1.1:16379 is not on'),
        (
            _WHOLE.replace('proxy = "cache"', 'proxy = "cache"\nupstream = "x:1"'),
            "upstream: means nothing; known are",
        ),
        (
            _WHOLE.replace('"shop-web-1"', '"c"').replace("[toxiproxy]", 'container = "c"\n[toxiproxy]'),
            "chaos-aura.toml, [services.jobs]: is container c, and so is [services.web]; keep one of them",
        ),
        (
            _WHOLE.replace('"toxi.proxy"', '"redis"'),
            "chaos-aura.toml, [toxiproxy]: is redis of project shop, and so is [services.cache]; keep one of them",
        ),
        (
            _WHOLE.replace('"web_jobs"', '"cache"'),
            'chaos-aura.toml, [edges."web.jobs"]: is proxy cache, and so is [edges."web.cache"]; keep one of them',
        ),
        (
            _WHOLE.replace('compose_service = "toxi.proxy"\n', ""),
            "chaos-aura.toml, [toxiproxy]: names no container of project shop, and whatever Toxiproxy is at its "
            'address would be hurt; write: compose_service = "toxiproxy"',
        ),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(text)
    assert told in str(refused.value)
    assert str(refused.value).startswith(FILE)
    assert "\n" not in str(refused.value)


def test_the_file_of_a_project(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="describes no service"):
        described(tmp_path)
    (tmp_path / FILE).write_text(_WHOLE)
    assert described(tmp_path) == read(_WHOLE)
    (tmp_path / FILE).write_text(_CACHE.replace("redis", "no such"))
    with pytest.raises(BadInput) as refused:
        described(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / FILE}, [services.cache] kind: is 'no such'")
