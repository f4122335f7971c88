"""What is found in a project gets names of its own, and the file that says so can be read."""

import tomllib

from chaos_aura.containers.container import Container, Status
from chaos_aura.core.address import on_loopback
from chaos_aura.core.project_file import FILE
from chaos_aura.pings.toxiproxy import Proxy
from chaos_aura.stack.external.described import catalogue_of
from chaos_aura.stack.external.discovery import Discovered, Found, FoundEdge, distinct
from chaos_aura.stack.external.file_text import file_text
from chaos_aura.stack.external.guess import Guess


def found(name: str, kind: str, port: int, service: str = "") -> Found:
    labels = {"com.docker.compose.service": service or name, "com.docker.compose.project": "shop"}
    container = Container(f"{port:064}", f"shop-{name}-1", "", Status.RUNNING, 0, "", 0, False, 0, "", labels)
    return Found(name, (container,), on_loopback(port), Guess(kind, "/" if kind == "http" else ""))


def test_names_that_are_taken_get_a_number() -> None:
    told = distinct(
        [
            found("a-b", "redis", 1, "a.b"),
            found("a-b", "http", 2),
            found("toxiproxy", "http", 3),
            found("proxy", "toxiproxy", 4),
            found("other", "toxiproxy", 5),
            found("a-b-2", "neo4j", 6),
        ]
    )
    names = [(each.name, each.kind, each.compose_service) for each in told]
    assert names == [
        ("a-b", "redis", "a.b"),
        ("a-b-2", "http", "a-b"),
        ("toxiproxy-2", "http", "toxiproxy"),
        ("toxiproxy", "toxiproxy", "proxy"),
        ("other", "", "other"),
        ("a-b-2-2", "neo4j", "a-b-2"),
    ]
    edges = (
        FoundEdge("clients.a-b", Proxy("cache", "[::]:7", "a.b:6379"), on_loopback(7)),
        FoundEdge("", Proxy("x\ny", "[::]:8", "\n"), why_not="it leads nowhere"),
    )
    text = file_text(Discovered("shop", told, edges), {"longest_s": 60, "forbidden_targets": ['a"b']})
    document = tomllib.loads(text)
    assert document["limits"] == {"longest_s": 60, "forbidden_targets": ['a"b']}
    read = catalogue_of(document, FILE)
    assert {each.name: each.runs_in["service"] for each in read.services} == {
        "a-b": "a.b",
        "a-b-2": "a-b",
        "toxiproxy-2": "toxiproxy",
        "toxiproxy": "proxy",
        "a-b-2-2": "a-b-2",
    }
    assert [edge.name for edge in read.edges] == ["clients.a-b"]
    assert "# other (shop-other-1) is left out: it is a second Toxiproxy" in text
