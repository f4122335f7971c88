"""scripts/docker_base: what it says when it cannot make the image, and that it makes it once only."""

import os
import subprocess
from pathlib import Path

import pytest
from setup_checkout import executable

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "docker_base"
_NOT_MADE = """\
case "$1 $2" in
"image inspect") exit 1 ;;
"version --format") echo 20.10 ;;
"import "*) cat >/dev/null; echo "$*" >"$0.asked" ;;
esac
"""
_NEVER = "echo 'it was called' >&2; exit 1"


class Machine:
    """Programs of a test's own before those of the machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tmp").mkdir()

    def base(self, *, mirror: str = "", **programs: str) -> "subprocess.CompletedProcess[str]":
        for name, script in {"id": "echo 0", "docker": _NOT_MADE, "unshare": _NEVER, **programs}.items():
            executable(self.folder / "bin" / name, f"#!/bin/sh\n{script}\n")
        environ = {
            **os.environ,
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "TMPDIR": str(self.folder / "tmp"),
            "DEBIAN_MIRROR": mirror,
        }
        return subprocess.run([SCRIPT], env=environ, capture_output=True, text=True, timeout=60, check=False)

    def left(self) -> list[Path]:
        return list((self.folder / "tmp").iterdir())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def debootstrap(says: str) -> str:
    """In place of `unshare --mount debootstrap`, its folder being the last word but one or the last."""
    return f"echo 'I: Retrieving Release'; {says}"


def test_one_that_is_there_is_told_at_once(machine: Machine) -> None:
    done = machine.base(docker='[ "$1" != version ] || echo 20.10')
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("chaos-aura-base:")


def test_it_is_made_imported_and_told_by_name(machine: Machine) -> None:
    make = 'for each; do case $each in */root) mkdir -p "$each/usr/share/doc/x" ;; esac; done; echo "$*" >"$0.asked"'
    done = machine.base(unshare=debootstrap(make), debootstrap=_NEVER, mirror="http://mirror.invalid/debian")
    assert done.returncode == 0, done.stderr
    assert "docker_base: fetching packages" in done.stderr
    image = done.stdout.strip()
    assert (machine.folder / "bin" / "docker.asked").read_text().endswith(f" - {image}\n")
    assert "http://mirror.invalid/debian" in (machine.folder / "bin" / "unshare.asked").read_text()
    assert machine.left() == []


@pytest.mark.parametrize(
    ("programs", "says"),
    [
        ({"id": "echo 1000"}, "docker_base: debootstrap needs root; run: sudo"),
        (
            {"docker": "echo 'Cannot connect to the daemon' >&2; exit 1"},
            "Cannot connect to the daemon; start it: scripts/",
        ),
        (
            {"unshare": debootstrap("echo 'E: Failed getting release file x'; exit 1")},
            "Debian cannot be fetched (Failed",
        ),
        (
            {"unshare": debootstrap("echo 'cp: No space left on device'; exit 1")},
            "set TMPDIR to a disk with 1 GB of room",
        ),
        ({"unshare": debootstrap("echo 'E: Nobody knows'; exit 1")}, "debootstrap failed: Nobody knows"),
    ],
)
def test_what_went_wrong_is_the_last_line(machine: Machine, programs: dict[str, str], says: str) -> None:
    done = machine.base(debootstrap=_NEVER, **programs)
    assert done.returncode == 1
    assert says in done.stderr.splitlines()[-1]
    assert done.stdout == ""
    assert machine.left() == []
