"""What the local stack is made of: every version pinned, every byte from outside named by its hash.

`manifest.json` beside this module is made by `scripts/lock_manifest.py`. One jar in it reads
`{"group": "org.slf4j", "artifact": "slf4j-api", "version": "1.7.36", "sha256": "d3ef...", "size": 41125}`.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from importlib import resources
from typing import Any, Self, get_args, get_origin, get_type_hints

from chaos_aura.core.errors import BadInput

_REMEDY = "make it again: python scripts/lock_manifest.py"
_COORDINATE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_H1 = re.compile(r"h1:[A-Za-z0-9+/]{43}=")
_VERSION = re.compile(r"\d+(\.\d+)*")
_JSON_NAMES: dict[Any, str] = {dict: "table", list: "list", str: "text", int: "whole number"}


@dataclass(frozen=True)
class Jar:
    """One file of a Maven repository."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int
    classifier: str = ""

    def __post_init__(self) -> None:
        for name in (*self.group.split("."), self.artifact, self.version, self.classifier or "none"):
            _require(_COORDINATE.fullmatch(name), f"`{name}` is no part of a Maven coordinate")
        _require(_SHA256.fullmatch(self.sha256), f"`{self.sha256}` is no sha256")
        _require(self.size > 0, "a jar's size is positive")

    @property
    def name(self) -> str:
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{classifier}.jar"

    @property
    def repository_path(self) -> str:
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.name}"


@dataclass(frozen=True)
class JavaProduct:
    """A server published as jars: `roots` are asked for, `jars` are all that they need, in class path order."""

    roots: tuple[str, ...]
    jars: tuple[Jar, ...]

    @property
    def version(self) -> str:
        return self.roots[0].split(":")[2]


@dataclass(frozen=True)
class GoModule:
    path: str
    version: str
    h1: str

    def __post_init__(self) -> None:
        _require(_H1.fullmatch(self.h1), f"`{self.h1}` is no Go module hash")


@dataclass(frozen=True)
class GoProgram:
    """A program built here from Go modules; `go version -m` must name no module but these."""

    package: str
    module: GoModule
    dependencies: tuple[GoModule, ...]

    @property
    def version(self) -> str:
        return self.module.version.removeprefix("v")


@dataclass(frozen=True)
class GoToolchain:
    """A Go from PATH will do from `at_least` on; else this Python package brings one (sha256 by processor)."""

    at_least: str
    package: str
    version: str
    wheels: Mapping[str, str]


@dataclass(frozen=True)
class TemporalVersions:
    package: str
    server: str


@dataclass(frozen=True)
class RedisVersions:
    """A redis-server from PATH will do from `at_least` to before `below`; else the Python package's is used."""

    at_least: str
    below: str
    package: str
    server: str


@dataclass(frozen=True)
class JavaVersions:
    """A java from PATH will do if its major version is `at_least` or newer; else the Python package's is used."""

    at_least: int
    package: str


@dataclass(frozen=True)
class Manifest:
    java_products: Mapping[str, JavaProduct]
    toxiproxy: GoProgram
    go: GoToolchain
    temporal: TemporalVersions
    redis: RedisVersions
    java: JavaVersions

    @classmethod
    @functools.cache
    def bundled(cls) -> "Manifest":
        text = resources.files("chaos_aura.stack").joinpath("manifest.json").read_text(encoding="utf-8")
        return cls.parsed(text, "manifest.json")

    @classmethod
    def parsed(cls, text: str, where: str) -> Self:
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as problem:
            raise BadInput(where, f"is not JSON ({problem})", _REMEDY) from problem
        try:
            value: Self = _decoded(cls, raw, "")
        except _Unfit as problem:
            raise BadInput(where, str(problem), _REMEDY) from problem
        return value

    @property
    def products(self) -> tuple[str, ...]:
        return (*self.java_products, "toxiproxy")

    def accepts_redis(self, version: str) -> bool:
        return version_key(self.redis.at_least) <= version_key(version) < version_key(self.redis.below)

    def accepts_go(self, version: str) -> bool:
        return version_key(version) >= version_key(self.go.at_least)


def version_key(version: str) -> tuple[int, ...]:
    """`7.0.15` as something to compare: `(7, 0, 15)`."""
    if not _VERSION.fullmatch(version):
        raise BadInput("version", f"`{version}` is not numbers with dots between them")
    return tuple(int(number) for number in version.split("."))


class _Unfit(Exception):
    pass


def _require(holds: object, otherwise: str) -> None:
    if not holds:
        raise _Unfit(otherwise)


def _decoded(kind: Any, raw: Any, where: str) -> Any:
    """`raw` from JSON as a value of `kind`: a record, a tuple or mapping of something, a text or a number."""
    origin, arguments = get_origin(kind), get_args(kind)
    wanted = dict if origin is Mapping or is_dataclass(kind) else list if origin is tuple else kind
    _require(type(raw) is wanted, f"{where or 'the whole'} is not a {_JSON_NAMES[wanted]}")
    if is_dataclass(kind):
        return _decoded_record(kind, raw, where)
    if origin is tuple:
        return tuple(_decoded(arguments[0], item, f"{where}[{at}]") for at, item in enumerate(raw))
    if origin is Mapping:
        return {name: _decoded(arguments[1], item, f"{where}.{name}") for name, item in raw.items()}
    return raw


def _decoded_record(kind: Any, raw: dict[str, Any], where: str) -> Any:
    kinds, needed = _shape(kind)
    for name in raw.keys() - kinds.keys():
        raise _Unfit(f"{where or 'the whole'} has an unknown `{name}`")
    for name in needed - raw.keys():
        raise _Unfit(f"{where or 'the whole'} lacks `{name}`")
    values = {name: _decoded(kinds[name], item, f"{where}.{name}".lstrip(".")) for name, item in raw.items()}
    try:
        return kind(**values)
    except _Unfit as problem:
        raise _Unfit(f"{where}: {problem}") from problem


@functools.cache
def _shape(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    needed = frozenset(field.name for field in fields(kind) if field.default is MISSING)
    return get_type_hints(kind), needed
