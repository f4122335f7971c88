"""Containers of a test in networks of their own, as compose would label them, and how others find them."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from awaiting import wait_until
from docker_engine import labels_of

from chaos_aura.containers.container import NUMBER, PROJECT, SERVICE, Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.tool_container import LABEL
from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Service
from chaos_aura.core.fault import Fault
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.contract import Case
from chaos_aura.faults.ground import Ground
from injectors.docker import DockerInjector

_SERVER = Path(__file__).with_name("docker_net_server.py").read_text()
_CONNECTS_WITHIN_S, _ANSWERS_WITHIN_S = 0.6, 3.0  # the kernel accepts, however busy the machine is
_WELL_WITHIN_S = 30
_PROVEN_WITHIN_S = 30  # each look of a helper is a container of its own
_EXCHANGES = 3
_TELLS_WITHIN_S = 10
_RESOLVE = "import socket,sys; socket.getaddrinfo(sys.argv[1], 80)"
_CONNECT = "import socket,sys; socket.create_connection((sys.argv[1], 8000), 0.6).close()"
ON_LOOPBACK = "import socket; socket.create_connection(('127.0.0.1', 8000), 1).close()"
_HOW_IT_ENDS = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 8000), 2).close()
    print("connected")
except ConnectionRefusedError:
    print("refused")
except socket.timeout:
    print("silent")
"""
_SEND = "import socket,sys; socket.socket(2, 2).sendto(b'hello', (sys.argv[1], int(sys.argv[2])))"


@dataclass
class NetGround:
    engine: Engine
    image: str
    mark: str
    home: Path
    environ: dict[str, str]
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    @property
    def project(self) -> str:
        return f"net-{self.mark.rpartition('.')[2]}"

    def injector(self) -> DockerInjector:
        return DockerInjector(Ground(self.home, self.environ))

    def network(self, name: str, **options: Any) -> str:
        made = f"{self.project}-{name}"
        self.engine.api.create_network(made, labels=labels_of(self.mark), **options)
        return made

    def start(
        self, service: str, network: str, number: int = 1, ports: dict[int, Any] | None = None, **endpoint: Any
    ) -> Container:
        """Started anew under the same name after it was removed."""
        api, name = self.engine.api, f"{self.project}-{service}-{number}"
        labels = {**labels_of(self.mark), PROJECT: self.project, SERVICE: service, NUMBER: str(number)}
        aliases = {} if network == "bridge" else {"aliases": [service]}
        config = api.create_endpoint_config(**aliases, **endpoint)
        made = api.create_container(
            self.image,
            command=["python3", "-u", "-c", _SERVER],
            name=name,
            labels=labels,
            networking_config=api.create_networking_config({network: config}),
            ports=list(ports or ()),
            host_config=api.create_host_config(init=True, port_bindings=ports or {}, network_mode=network),
        )
        self.started.append(made["Id"])
        self.options[name] = {"service": service, "network": network, "number": number, "ports": ports, **endpoint}
        api.start(name)
        return self.until_well(name)

    def until_well(self, name: str) -> Container:
        wait_until(lambda: answers(self.engine.inspect(name)), _WELL_WITHIN_S, f"{name} answers")
        return self.engine.inspect(name)

    def restart(self, name: str) -> None:
        self.engine.api.restart(name, timeout=2)
        self.until_well(name)

    def remove(self, name: str) -> None:
        self.engine.api.remove_container(name, force=True)

    def restore(self, name: str) -> None:
        """Whatever became of it."""
        if self.engine.find(name) is None:
            self.start(**self.options[name])
        else:
            self.engine.api.start(name)
            self.until_well(name)

    def helpers(self) -> list[str]:
        """Names of those in networks of this test's containers. Tests of others have theirs in the same engine."""
        there = self.engine.containers({LABEL: ""})
        return [each.name for each in there if each.labels[LABEL] in self.started]

    def service(self, name: str) -> Service:
        return Service(name, on_loopback(1), "http", "", runs_in={"project": self.project, "service": name})

    def case(self, kind: str, service: str, hurts: Callable[[], bool] | None = None, **parameters: Any) -> Case:
        name = f"{self.project}-{service}-1"
        return Case(
            self.injector(),
            fault(kind, service, **parameters),
            self.service(service),
            str(self.home),
            restart=lambda: self.restart(name),
            remove=lambda: self.remove(name),
            restore=lambda: self.restore(name),
            in_force_within_s=_PROVEN_WITHIN_S,
            gone_within_s=_PROVEN_WITHIN_S,
            hurts=hurts,
        )

    def inside(self, container: Container, program: str, *words: str) -> bool:
        """A Python program in it, by its engine, whatever its network is like. Whether it ended well."""
        return runs_inside(container, ["python3", "-c", program, *words]) == 0

    def resolves(self, container: Container, name: str) -> bool:
        return self.inside(container, _RESOLVE, name)

    def connects(self, container: Container, other: Container) -> bool:
        return self.inside(container, _CONNECT, address_of(other))

    def outcome(self, container: Container, other: Container) -> str:
        """Of a connection from one to the other: `connected`, `refused`, or `silent`."""
        return told_inside(container, ["python3", "-c", _HOW_IT_ENDS, address_of(other)])

    def sends(self, container: Container, other: Container) -> bool:
        """A datagram. Whether its own kernel let it go."""
        return self.inside(container, _SEND, address_of(other), "9000")


def fault(kind: str, target: str, **parameters: Any) -> Fault:
    return Fault(kind, target, KINDS[kind].read(parameters), 60)


def address_of(container: Container) -> str:
    return next(each.address for each in container.networks.values() if each.address)


def runs_inside(container: Container, argv: list[str]) -> int:
    return subprocess.run(["docker", "exec", container.id, *argv], capture_output=True, check=False).returncode


def told_inside(container: Container, argv: list[str]) -> str:
    """By a program that must end well, and tell something: a file that is just being written may be empty."""
    whole = ["docker", "exec", container.id, *argv]
    return wait_until(lambda: _told(whole), _TELLS_WITHIN_S, f"{argv[0]} in {container.name} tells something")


def _told(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def answers(container: Container | None, size: int = 2, within_s: float = _ANSWERS_WITHIN_S) -> bool:
    """A whole answer over HTTP, in that time altogether."""
    return container is not None and container.is_running and exchange_s(container, size) <= within_s


def exchange_s(container: Container, size: int = 2, sent: int = 0) -> float:
    """How long; at least for ever when none comes. `sent`: bytes on the way there."""
    began_s = time.monotonic()
    method = f"POST / HTTP/1.0\r\nContent-Length: {sent}" if sent else f"GET /{size} HTTP/1.0"
    with suppress(OSError, StopIteration):
        with socket.create_connection((address_of(container), 8000), _CONNECTS_WITHIN_S) as client:
            client.settimeout(5)
            client.sendall(f"{method}\r\n\r\n".encode() + b"x" * sent)
            came = 0
            while data := client.recv(65_536):
                came += len(data)
        if came >= size:
            return time.monotonic() - began_s
    return float("inf")


def quickest_s(container: Container, enough_s: float, size: int = 2, sent: int = 0) -> float:
    """Of three exchanges, or up to the first below `enough_s`: a queue holds up each, a busy machine does not."""
    least_s = float("inf")
    for _ in range(_EXCHANGES):
        least_s = min(least_s, exchange_s(container, size, sent))
        if least_s < enough_s:
            break
    return least_s


def echoed(container: Container, count: int) -> int:
    """How many of so many datagrams came back."""
    came = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((address_of(container), 9000))
        client.settimeout(1.5)
        for _ in range(count):
            client.send(b"hello")
        with suppress(OSError):
            while came < count:
                client.recv(100)
                came += 1
    return came


def outcome_from_here(container: Container) -> str:
    return _told([sys.executable, "-c", _HOW_IT_ENDS, address_of(container)])


def got_datagrams(container: Container) -> int:
    return int(told_inside(container, ["cat", "/datagrams"]))


def sends_to_us(container: Container) -> bool:
    """Whether a datagram that it sends to this machine gets here."""
    gateway = next(row["Gateway"] for row in container.document["NetworkSettings"]["Networks"].values())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind((gateway, 0))
        here.settimeout(0.3)
        runs_inside(container, ["python3", "-c", _SEND, gateway, str(here.getsockname()[1])])
        with suppress(OSError):
            return here.recv(100) == b"hello"
    return False


def on_this_machine(command: str) -> bool:
    """What a person would type. Whether it ended well."""
    return subprocess.run(command, shell=True, capture_output=True, check=False).returncode == 0


def in_network_of(container: Container, command: str) -> str:
    """What it says, told by somebody else's program."""
    argv = ["nsenter", "-t", str(container.pid), "-n", *command.split()]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
