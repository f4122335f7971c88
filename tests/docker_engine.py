"""The Docker engine of this machine, for tests: what they make there bears a mark, and nothing with it may stay."""

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.core.errors import MachineLacks, TargetUnfit
from chaos_aura.core.process import ProcessId

MARK = "chaos-aura.test"
"""A label. What bears it is removed with the process whose `new_mark` it is."""

BASE_IMAGE = "BASE_IMAGE"
_SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
_BASE_WITHIN_S = 600
_BACK_IN_PLACE = "start it with: scripts/docker_engine start"


@contextmanager
def reached(environ: dict[str, str]) -> Iterator[Engine]:
    """Speaks to it once. MachineLacks or NotAnswered when it cannot be used for tests, with what would help."""
    engine = Engine(environ)
    if not engine.is_of_this_machine:
        why = f"{engine.address} is on another machine, whose ports and processes tests cannot see"
        raise MachineLacks("docker engine", why, f"unset DOCKER_HOST, then {_BACK_IN_PLACE}")
    try:
        with engine.talking():
            engine.api.ping()
    except MachineLacks as cause:
        raise MachineLacks(cause.where, cause.why, f"{_BACK_IN_PLACE} (or: {cause.remedy})") from cause
    try:
        yield engine
    finally:
        engine.api.close()


def base_image_of(environ: dict[str, str]) -> str:
    """$BASE_IMAGE, else made once for this machine. MachineLacks when it cannot be."""
    if given := environ.get(BASE_IMAGE):
        return given
    done = subprocess.run(
        [_SCRIPTS / "docker_base"],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_BASE_WITHIN_S,
        check=False,
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1].removeprefix("docker_base: ")
        raise MachineLacks("base image", why, f"or set {BASE_IMAGE} to a Debian with Python, iptables and iproute2")
    return done.stdout.strip()


def new_mark() -> str:
    """`4711@90210.5f3a9c`: whose it is, and one of its tests."""
    return f"{ProcessId.of(os.getpid())}.{secrets.token_hex(3)}"


def labels_of(mark: str) -> dict[str, str]:
    return {MARK: mark}


def labelled(engine: Engine, label: str) -> list[str]:
    """`container web_1`, `network front` ...: all that bears it."""
    return [f"{kind} {name}" for kind, name, _ in _rows(engine, label)]


def remove_labelled(engine: Engine, label: str) -> None:
    """Running, frozen, or in use: all that bears it."""
    for kind, name, _ in _rows(engine, label):
        _remove(engine, kind, name)


def marked(engine: Engine, mark: str) -> list[str]:
    return labelled(engine, f"{MARK}={mark}")


def remove_marked(engine: Engine, mark: str) -> None:
    remove_labelled(engine, f"{MARK}={mark}")


def remove_abandoned(engine: Engine) -> None:
    """Of test processes that were killed. Several may be at it at once."""
    for kind, name, mark in _rows(engine, MARK):
        if (owner := _owner(mark)) and not owner.is_alive():
            with suppress(TargetUnfit):
                _remove(engine, kind, name)


def _owner(mark: str) -> ProcessId | None:
    try:
        return ProcessId.parse(mark.partition(".")[0])
    except ValueError:
        return None


def _rows(engine: Engine, label: str) -> list[tuple[str, str, str]]:
    """Kind, id or name, mark: what uses others comes before them."""
    api, filters = engine.api, {"label": label}
    with engine.talking():
        rows = {
            "container": api.containers(all=True, filters=filters),
            "network": api.networks(filters=filters),
            "volume": api.volumes(filters=filters)["Volumes"] or [],
            "image": api.images(filters=filters),
        }
    return [
        (kind, _name(row), (row.get("Labels") or {}).get(MARK, "")) for kind, found in rows.items() for row in found
    ]


def _name(row: dict[str, Any]) -> str:
    names = row.get("Names") or row.get("RepoTags") or [row.get("Name") or row["Id"]]
    return str(names[0]).lstrip("/")


def _remove(engine: Engine, kind: str, name: str) -> None:
    removers: dict[str, Callable[..., Any]] = {
        "container": lambda: engine.api.remove_container(name, force=True, v=True),
        "network": lambda: _remove_network(engine, name),
        "volume": lambda: engine.api.remove_volume(name, force=True),
        "image": lambda: engine.api.remove_image(name, force=True),
    }
    try:
        with engine.talking(name):
            removers[kind]()
    except NoSuchContainer:
        pass  # gone meanwhile


def _remove_network(engine: Engine, name: str) -> None:
    for container in engine.api.inspect_network(name)["Containers"] or {}:
        engine.api.disconnect_container_from_network(container, name, force=True)
    engine.api.remove_network(name)
