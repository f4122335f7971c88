"""The stack as a user without any right: root is dropped where the tests have it.

What that user must read (interpreter, checkout, cache) may lie in a folder closed to it, such as root's home. So it is
bound into an open place, in a mount namespace that ends with the test. The cache is root's: read-only for the user.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from awaiting import wait_until
from local_stack import ALL, PlacedStack, chaos_aura, processes_in

from chaos_aura.core.project import Project
from chaos_aura.stack.cache import Cache

_USER = 54_321
_SOURCES = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="not root: every other test runs as an ordinary user already")

# $1: a folder for the binds. Then pairs of a closed folder and what of it must stay reachable, then `--` and a command.
_OPENED = """
set -eu
stash=$1; shift
mount --make-rprivate /
mkdir "$stash/bound"
n=0
while [ "$1" != -- ]; do
    closed=$1 needed=$2; shift 2; n=$((n + 1))
    mkdir "$stash/bound/$n"; mount --bind "$needed" "$stash/bound/$n"
    printf '%s\\n%s\\n%s\\n' "$closed" "$needed" "$stash/bound/$n" >> "$stash/pairs"
done
shift
covered=
while read -r closed && read -r needed && read -r bound; do
    case " $covered " in
        *" $closed "*) ;;
        *) mount -t tmpfs -o mode=755 tmpfs "$closed"; covered="$covered $closed" ;;
    esac
    mkdir -p "$needed"; mount --bind "$bound" "$needed"
done < "$stash/pairs"
exec "$@"
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Of the user's own, and not below a folder of root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-aura-user-"))
    folder.chmod(0o755)
    os.chown(folder, _USER, _USER)
    (folder / "project").mkdir()
    os.chown(folder / "project", _USER, _USER)
    yield folder
    wait_until(lambda: not processes_in(folder), within_s=20, what="no process of the user's stack")
    shutil.rmtree(folder)


@pytest.mark.timeout(600)
def test_an_ordinary_user_runs_the_stack_on_a_cache_it_cannot_write(home: Path, whole_cache: Cache) -> None:
    root = whole_cache.root
    before = _written(root)
    # A service that a busy machine once lets answer late is well at another look.
    looks = "for look in $(seq 20); do chaos-aura status --json > status && break; done; cat status"
    script = f"id -u; chaos-aura up --timeout 170 && {looks}; code=$?; chaos-aura down --purge >&2; exit $code"
    done = _as_user(home, root, script)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout[done.stdout.index("{") :])
    assert done.stdout.splitlines()[0] == str(_USER)
    assert {row["name"]: row["state"] for row in document["services"]} == dict.fromkeys(ALL, "healthy")
    assert _written(root) == before


def test_a_read_only_cache_that_lacks_something_is_one_clear_line(home: Path) -> None:
    empty = home / "cache"
    empty.mkdir(mode=0o755)
    done = _as_user(home, empty, "chaos-aura up")
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert str(empty) in line
    assert "Traceback" not in done.stderr
    assert list(empty.iterdir()) == []
    assert not PlacedStack(Project(home / "project")).processes()


def test_an_engine_that_it_may_not_speak_to_is_one_clear_line(home: Path, whole_cache: Cache) -> None:
    path = home / "docker.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()
        path.chmod(0o600)  # root's, as an engine makes its own
        done = _as_user(
            home, whole_cache.root, f"DOCKER_HOST=unix://{path} chaos-aura discover --compose shop; echo $?; ls -A"
        )
    assert done.stdout.split() == ["1"]
    [line] = done.stderr.strip().splitlines()
    assert line.startswith(f"error: docker engine: unix://{path} may not be opened by this user; join the group docker")


def _written(root: Path) -> dict[Path, int]:
    """But for start-up caches and the library of clocks, which another stack of these tests may be making just now."""
    paths = (path for path in root.rglob("*") if not {"aot", "clocks"} & set(path.relative_to(root).parts))
    return {path: path.stat().st_mtime_ns for path in paths}


def _as_user(home: Path, cache: Path, script: str) -> "subprocess.CompletedProcess[str]":
    needed = {Path(sys.base_prefix), Path(sys.prefix), _SOURCES, cache}
    pairs = [part for path in needed for part in _closed_above(path)]
    programs = Path(chaos_aura()[0]).parent
    user = ["setpriv", "--reuid", str(_USER), "--regid", str(_USER), "--clear-groups", "sh", "-c", script]
    with tempfile.TemporaryDirectory(prefix="chaos-aura-binds-") as stash:
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", _OPENED, "sh", stash, *pairs, "--", *user],
            cwd=home / "project",
            env={"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(home), "CHAOS_AURA_CACHE": str(cache)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )


def _closed_above(path: Path) -> list[str]:
    """The topmost folder that others may not search, and the path; nothing when the way is open."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return [str(folder), str(path)]
    return []
