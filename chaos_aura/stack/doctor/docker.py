"""Docker: its client, its compose, and its engine by what it answers on its unix socket. Nothing else is asked."""

import json
import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaos_aura.containers.sockets import usual_sockets
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.program import ask
from chaos_aura.stack.doctor.scene import Scene

_ANSWERS_WITHIN_S = 1.5
_MOST_BYTES = 1_000_000
_UNIX = "unix://"
_NO_INJECTOR = "no faults on containers; the local stack is unaffected"
_CONTAINERS = ("faults on containers",)
_REQUEST = b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n"
_INSTALL = "install Docker Engine and start it"
_CORRECT = "unset DOCKER_HOST, or set it to where the engine listens"


def look_at_engine(scene: Scene, within_s: float = _ANSWERS_WITHIN_S) -> Iterator[Finding]:
    host = scene.environ.get("DOCKER_HOST", "")
    if host.startswith("/"):
        yield _engine(
            State.MISSING, f"$DOCKER_HOST is {host}, which is no address", _NO_INJECTOR, f"write {_UNIX}{host}"
        )
        return
    if host and not host.startswith(_UNIX):
        means = "doctor asks unix sockets only, so nothing is known of it"
        yield _engine(State.LIMITED, f"$DOCKER_HOST is {_without_user(host)}", means, "docker version", cannot=())
        return
    sockets = [Path(host.removeprefix(_UNIX))] if host else usual_sockets(scene.environ)
    there = [path for path in sockets if _is_socket(path)]
    if not there:
        looked = ", ".join(map(str, sockets))
        yield _engine(State.MISSING, f"no socket at {looked}", _NO_INJECTOR, _CORRECT if host else _INSTALL)
        return
    yield _asked(there[0], within_s, f"start it there, or {_CORRECT}" if host else "start Docker Engine")


def look_at_client(scene: Scene) -> Iterator[Finding]:
    docker = shutil.which("docker", path=scene.wide_path)
    if docker is None:
        means = "the engine can be used without it; images are built with it"
        yield _missing("docker client", "no docker on PATH", means, "install the package docker.io")
        return
    told = ask([docker, "--version"], scene.environ)
    if told.code:
        seen, means = (
            f"{told.out or told.last_line}, {docker}",
            "the engine can be used without it; images are built with it",
        )
        yield Finding("docker client", Group.INJECTORS, State.BROKEN, seen, means, "install the package docker.io anew")
        return
    yield Finding("docker client", Group.INJECTORS, State.OK, f"{told.out}, {docker}")


def look_at_compose(scene: Scene) -> Iterator[Finding]:
    for name, *command in (("docker", "compose"), ("docker-compose",)):
        if program := shutil.which(name, path=scene.wide_path):
            told = ask([program, *command, "version", "--short"], scene.environ)
            if told.code == 0:
                yield Finding("docker compose", Group.INJECTORS, State.OK, f"{told.out}, {program}")
                return
    means = "no stack in containers; the local stack is unaffected"
    yield _missing("docker compose", "neither docker compose nor docker-compose", means, "install docker-compose-v2")


def _asked(path: Path, within_s: float, start: str) -> Finding:
    try:
        answer = _version(path, within_s)
    except PermissionError:
        remedy = "join the group docker: sudo usermod -aG docker $USER, then log in again"
        return _engine(State.MISSING, f"{path} may not be opened by this user", _NO_INJECTOR, remedy)
    except ConnectionRefusedError:
        return _engine(State.MISSING, f"nobody listens on {path}", _NO_INJECTOR, start)
    except TimeoutError:
        why = f"{path} gave no answer within {within_s:g} s"
        return _engine(State.BROKEN, why, _NO_INJECTOR, "restart Docker Engine")
    except (OSError, ValueError) as cause:
        return _engine(State.BROKEN, f"{path} answered with nonsense ({cause})", _NO_INJECTOR, "restart Docker Engine")
    return Finding("docker engine", Group.INJECTORS, State.OK, f"{answer['Version']}, {path}")


def _version(path: Path, within_s: float) -> dict[str, Any]:
    """One request to the engine. The whole answer has its time, not each piece."""
    deadline_s = time.monotonic() + within_s
    received = b""
    with socket.socket(socket.AF_UNIX) as engine:
        engine.settimeout(within_s)
        engine.connect(str(path))
        engine.sendall(_REQUEST)
        while piece := engine.recv(65_536):
            received += piece
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or len(received) > _MOST_BYTES:
                raise TimeoutError
            engine.settimeout(left_s)
    head, _, body = received.partition(b"\r\n\r\n")
    told = json.loads(body) if b" 200 " in head.partition(b"\r\n")[0] else None
    if not isinstance(told, dict) or "Version" not in told:
        raise ValueError(repr(received[:60]))
    return told


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - Path.is_socket hides a missing right
    except PermissionError:
        return True
    except OSError:
        return False


def _without_user(host: str) -> str:
    scheme, _, rest = host.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _engine(state: State, seen: str, means: str, remedy: str, cannot: tuple[str, ...] = _CONTAINERS) -> Finding:
    return Finding("docker engine", Group.INJECTORS, state, seen, means, remedy, cannot=cannot)


def _missing(subject: str, seen: str, means: str, remedy: str) -> Finding:
    return Finding(subject, Group.INJECTORS, State.MISSING, seen, means, remedy)
