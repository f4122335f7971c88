"""The ways that the parts of a stack reach each other: loopback, its ports, unix sockets in the project's folder."""

import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

from chaos_aura.core.address import LOOPBACK
from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack import ports
from chaos_aura.stack.build import port_names
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.scene import Scene, nearest_existing
from chaos_aura.stack.doctor.trace import clear_abandoned, own_name
from chaos_aura.stack.supervisor.client import SupervisorClient

_MESSAGE = b"chaos-aura"
_WITHIN_S = 10.0  # also on a machine that has much to do


def look_at_loopback(_: Scene) -> Iterator[Finding]:
    try:
        came = _carried(_MESSAGE)
    except OSError as cause:
        why = f"{LOOPBACK} does not carry a connection ({cause.strerror or cause})"
        raise MachineLacks("loopback", why, "ip link set lo up") from cause
    if came != _MESSAGE:
        raise MachineLacks("loopback", f"sent {_MESSAGE!r}, received {came!r}", "look at the packet filter's rules")
    yield Finding("loopback", Group.MACHINE, State.OK, f"{LOOPBACK} carries connections")


def _carried(message: bytes) -> bytes:
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        socket.create_connection(server.getsockname(), _WITHIN_S) as client,
    ):
        server.settimeout(_WITHIN_S)
        accepted = server.accept()[0]
        with accepted:
            client.sendall(message)
            accepted.settimeout(_WITHIN_S)
            return accepted.recv(len(message))


def look_at_ports(_: Scene) -> Iterator[Finding]:
    needed = len(port_names())
    try:
        ports.choose(needed, random.Random()).release()
    except OSError as cause:
        raise MachineLacks("ports", f"none can be had ({cause.strerror or cause})", "ip link set lo up") from cause
    seen = f"{needed} that nobody's own socket can take were reserved on {LOOPBACK} and given back"
    yield Finding("ports", Group.MACHINE, State.OK, seen)


def look_at_unix_sockets(scene: Scene) -> Iterator[Finding]:
    folder = nearest_existing(scene.project.home)
    if SupervisorClient(scene.project.home).is_running():
        yield Finding("unix sockets", Group.MACHINE, State.OK, f"the running stack has one in {folder}")
        return
    clear_abandoned(folder, Path.unlink)
    try:
        _try_socket(folder)
    except OSError as cause:
        why = f"none can be made in {folder} ({cause.strerror or cause})"
        remedy = "set CHAOS_AURA_PROJECT to a folder of your own on an ordinary file system"
        raise MachineLacks("unix sockets", why, remedy) from cause
    yield Finding("unix sockets", Group.MACHINE, State.OK, f"one was made in {folder} and removed")


def _try_socket(folder: Path) -> None:
    """Through a descriptor of the folder: a socket's path may have 107 bytes, and a checkout's has more."""
    held = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        path = f"/proc/self/fd/{held}/{own_name()}"
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(path)
            try:
                server.listen(1)
                client.settimeout(_WITHIN_S)
                client.connect(path)
            finally:
                Path(path).unlink()
    finally:
        os.close(held)
