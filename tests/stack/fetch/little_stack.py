"""A little stack of the tests' own: two products of a few jars, served from loopback."""

import hashlib
import os
import random
from dataclasses import dataclass, replace
from pathlib import Path

from maven_server import MavenServer

from chaos_aura.stack.cache import Cache
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Jar, JavaProduct, Manifest
from chaos_aura.stack.progress import Silent

PRODUCTS = ("kafka", "neo4j")
SIZES = {"kafka": (300_000, 5_000, 70_000), "neo4j": (1_000_000, 1, 65_536)}


def jar_of(name: str, content: bytes) -> Jar:
    return Jar("org.example.little", name, "1.0", hashlib.sha256(content).hexdigest(), len(content))


@dataclass
class Little:
    """What a test needs to fetch: `little.fetch()`, then `little.is_whole()`."""

    maven: MavenServer
    manifest: Manifest
    cache: Cache
    environ: dict[str, str]

    def fetch(self, progress: Silent | None = None) -> None:
        fetch(PRODUCTS, self.cache, self.manifest, progress or Silent(), self.environ)

    def is_whole(self) -> bool:
        """By the bytes themselves, receipts aside."""
        return (
            all(self.path(jar).read_bytes() == self.maven.files[jar.repository_path] for jar in self.jars)
            and not self.leftovers()
        )

    def leftovers(self) -> list[Path]:
        return list(self.cache.root.rglob("*.part"))

    @property
    def jars(self) -> list[Jar]:
        return [jar for product in self.manifest.java_products.values() for jar in product.jars]

    def path(self, jar: Jar) -> Path:
        return self.cache.root / "jars" / jar.repository_path

    def part(self, jar: Jar) -> Path:
        return self.path(jar).with_name(f"{jar.name}.part")


def little_stack(maven: MavenServer, folder: Path) -> Little:
    products = {}
    for product, sizes in SIZES.items():
        contents = {f"{product}-{size}": random.Random(size).randbytes(size) for size in sizes}
        jars = tuple(jar_of(name, content) for name, content in contents.items())
        maven.files |= {jar.repository_path: contents[jar.artifact] for jar in jars}
        products[product] = JavaProduct((f"org.example.little:{jars[0].artifact}:1.0",), jars)
    manifest = replace(Manifest.bundled(), java_products=products)
    environ = {"PATH": os.environ["PATH"], "CHAOS_AURA_MAVEN_REPOSITORY": maven.url}
    return Little(maven, manifest, Cache(folder / "cache"), environ)


class Told(Silent):
    """Remembers what was told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.totals: dict[str, int | None] = {}
        self.done: dict[str, list[int]] = {}

    def begin(self, item: str, doing: str, total_bytes: int | None = None) -> None:
        self.lines.append((item, doing))
        self.totals[item] = total_bytes

    def advance(self, item: str, done_bytes: int) -> None:
        self.done.setdefault(item, []).append(done_bytes)

    def end(self, item: str, done: str) -> None:
        self.lines.append((item, done))
