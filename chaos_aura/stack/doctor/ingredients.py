"""The programs that a stack runs or is built with: each is started and says which version it is."""

import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.program import ask
from chaos_aura.stack.doctor.scene import Scene, is_there
from chaos_aura.stack.fetch.own_programs import find_go, find_uv, version_in, version_question
from chaos_aura.stack.services.packages import PACKAGES, refuse_missing_packages
from chaos_aura.stack.services.redis import Redis
from chaos_aura.stack.services.temporal import Temporal

LOCAL = "pip install 'chaos-aura[local]'"
_UNKNOWN = "0.0.0"


def look_at_uv(scene: Scene) -> Iterator[Finding]:
    uv = find_uv(scene.environ)
    if uv is None:
        means = "a machine without Go cannot be given one"
        yield Finding("uv", Group.STACK, State.LIMITED, "neither the package nor the program is here", means, LOCAL)
    else:
        yield _told_by("uv", [uv, "--version"], r"uv (\S+)")


def look_at_go(scene: Scene) -> Iterator[Finding]:
    """Only what builds Toxiproxy: nobody needs it who has that already."""
    own, seen = _own_go(scene)
    wanted = scene.manifest.go
    if own:
        yield Finding("go", Group.STACK, State.OK, seen)
    elif find_uv(scene.environ):
        seen += f"; {wanted.package} {wanted.version} is brought in when something is to be built"
        yield Finding("go", Group.STACK, State.OK, seen)
    elif is_there(scene.cache.toxiproxy):
        means = "Toxiproxy is built already; it could not be built again"
        yield Finding("go", Group.STACK, State.LIMITED, seen, means, LOCAL)
    else:
        raise MachineLacks("go", f"{seen}, and no uv to bring one in", f"install Go {wanted.at_least}, or: {LOCAL}")


def look_at_java(scene: Scene) -> Iterator[Finding]:
    jre = scene.site.jre
    told = ask([str(jre.java), "-version"])
    if told.code:
        raise MachineLacks("java", f"{jre.java} does not run: {told.last_line}", LOCAL)
    yield Finding("java", Group.STACK, State.OK, f"{jre.version}, {jre.java}")


def look_at_redis(scene: Scene) -> Iterator[Finding]:
    program, version = Redis().program(scene.site).argv[0], Redis().describe(scene.site).version
    if version == _UNKNOWN:
        raise MachineLacks("redis", f"{program} does not say its version", LOCAL)
    yield Finding("redis-server", Group.STACK, State.OK, f"{version}, {program}")


def look_at_temporal(scene: Scene) -> Iterator[Finding]:
    program = Temporal().program(scene.site).argv[0]
    yield _needed_and_told_by("temporal", [program, "--version"], r"version (.*)")


def look_at_jpype(_: Scene) -> Iterator[Finding]:
    """Imported by another process: only that shows whether its library fits this Python."""
    spec = find_spec("jpype")
    if spec is None or spec.origin is None:
        raise MachineLacks("jpype", "the Python package jpype1 is missing", LOCAL)
    script = (
        f"import sys; sys.path.append({str(Path(spec.origin).parent.parent)!r}); import jpype; print(jpype.__version__)"
    )
    told = ask([sys.executable, "-c", script])
    if told.code:
        raise MachineLacks("jpype", f"cannot be imported: {told.last_line}", LOCAL)
    yield Finding("jpype", Group.STACK, State.OK, f"{told.out}, {Path(spec.origin).parent}")


def look_at_platform(_: Scene) -> Iterator[Finding]:
    """Only looked for: to import them all takes longer than all other checks together."""
    refuse_missing_packages("platform")
    yield Finding("platform", Group.STACK, State.OK, f"its {len(PACKAGES)} packages are here: {', '.join(PACKAGES)}")


def look_at_toxiproxy(scene: Scene) -> Iterator[Finding]:
    program = scene.cache.toxiproxy
    if not is_there(program):
        means = "the first `chaos-aura up` builds it"
        yield Finding("toxiproxy", Group.STACK, State.MISSING, f"not at {program}", means, "chaos-aura up")
        return
    try:
        told = ask([str(program), "-version"])
        why = told.last_line if told.code else ""
    except OSError as cause:
        why = str(cause)
    if why:
        remedy = f"rm {program}, then: chaos-aura up"
        yield Finding("toxiproxy", Group.STACK, State.BROKEN, f"does not run: {why}", "no edges", remedy, blocks=True)
    else:
        yield Finding("toxiproxy", Group.STACK, State.OK, f"{scene.manifest.toxiproxy.version}, {program}")


def _own_go(scene: Scene) -> tuple[bool, str]:
    """Whether the machine's own will do, and what was seen of it."""
    go = find_go(scene.environ)
    if go is None:
        return False, "none on PATH"
    told = ask(*version_question(go, scene.environ))
    version = version_in(told.out)
    if told.code or version is None:
        return False, f"{go} does not say its version"
    if not scene.manifest.accepts_go(version):
        return False, f"{version} at {go} is older than {scene.manifest.go.at_least}"
    return True, f"{version}, {go}"


def _needed_and_told_by(subject: str, argv: list[str], pattern: str) -> Finding:
    finding = _told_by(subject, argv, pattern)
    if not finding.is_ok:
        raise MachineLacks(subject, finding.seen, finding.remedy)
    return finding


def _told_by(subject: str, argv: list[str], pattern: str) -> Finding:
    told = ask(argv)
    found = re.search(pattern, told.out)
    if told.code or found is None:
        seen = f"{argv[0]} does not run: {told.last_line}"
        return Finding(subject, Group.STACK, State.BROKEN, seen, "it cannot be used", LOCAL)
    return Finding(subject, Group.STACK, State.OK, f"{found[1]}, {argv[0]}")
