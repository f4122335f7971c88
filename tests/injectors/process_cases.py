"""Services whose process is hurt: those of the shared stack, and a small one that does what it is told."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from awaiting import wait_until
from hurting import is_well, process_of

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Edge, Service
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.core.lease import new_lease_id
from chaos_aura.core.process import ProcessId
from chaos_aura.core.project import Project
from chaos_aura.faults.awaiting import await_proof
from chaos_aura.faults.contract import Case
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.injector import Injector
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.supervisor.program import Program, Programs
from chaos_aura.supervision.state import ChildState

WITHIN_S = 60.0
_SLOW_TO_START = ("kafka", "neo4j")
_WELL_WITHIN_S = 150.0  # a JVM that starts on a machine busy with other things
_NOBODY = 65_534
VICTIM = Service("victim", Address("127.0.0.1", 1), "", "1")
EDGE = Edge("worker", "kafka", Address("127.0.0.1", 1), Address("127.0.0.1", 2), "")

# Answers over UDP: that needs no file that it has not opened yet.
_OBEYS = """
import errno, os, signal, socket, subprocess, sys, time
kept = []

def open_one():
    kept.append(open("/dev/null"))
    return "opened"

def write(size):
    with open("written", "ab", buffering=0) as file:
        return file.write(b"x" * int(size))

def take(size_mb):
    kept.append(bytearray(b"x") * (int(size_mb) << 20))
    return "taken"

def spawn(session):
    kept.append(subprocess.Popen(["sleep", "1000"], start_new_session=session == "away"))
    return kept[-1].pid

def spin(seconds):
    end, began = time.monotonic() + float(seconds), time.process_time()
    while time.monotonic() < end:
        pass
    return time.process_time() - began

def settle(number, how):
    signal.signal(int(number), getattr(signal, how))
    return how

told = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
told.bind(("127.0.0.1", 0))
with open("port.part", "w") as file:
    file.write(f"{os.getpid()} {told.getsockname()[1]}")
os.replace("port.part", "port")
while True:
    text, asker = told.recvfrom(1000)
    word, *rest = text.decode().split()
    try:
        answer = globals()[word](*rest)
    except OSError as cause:
        answer = errno.errorcode[cause.errno]
    told.sendto(str(answer).encode(), asker)
"""


@dataclass(frozen=True)
class Victim:
    """A supervised process in a folder of its own."""

    project: Project

    @property
    def ground(self) -> Ground:
        return Ground(self.project.home, dict(os.environ))

    @property
    def supervisor(self) -> SupervisorClient:
        return SupervisorClient(self.project.home)

    def process(self) -> ProcessId:
        """Once it obeys."""

        def obeying() -> ProcessId | None:
            process = self.supervisor.children()["victim"].process
            return process if process and self._port()[0] == process.pid else None

        return wait_until(obeying, WITHIN_S, "the victim obeys")

    def ask(self, *words: object, within_s: float = WITHIN_S) -> str:
        """TimeoutError when it does not answer."""
        self.process()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(within_s)
            asking.sendto(" ".join(map(str, words)).encode(), ("127.0.0.1", self._port()[1]))
            return asking.recv(1000).decode()

    def spawn(self, session: str = "near") -> ProcessId:
        process = ProcessId.of(int(self.ask("spawn", session)))
        assert process
        return process

    def _port(self) -> tuple[int, int]:
        path = self.project.home / "port"
        if not path.exists():
            return 0, 0
        pid, port = path.read_text(encoding="ascii").split()
        return int(pid), int(port)


@contextmanager
def victim_in(folder: Path) -> Iterator[Victim]:
    project = Project(folder)
    project.make()
    argv = (sys.executable, "-S", "-c", _OBEYS)
    log = str(project.home / "logs" / "victim.log")
    program = Program("victim", argv, str(project.home), log, {"PATH": os.environ["PATH"]})
    victim = Victim(project)
    victim.supervisor.launch(Programs((program,)))
    try:
        victim.process()
        yield victim
    finally:
        bring_down(victim)


def bring_down(victim: Victim) -> None:
    """Also one that is down."""
    if (victim.project.home / "supervisor.sock").exists():
        victim.supervisor.shut_down(WITHIN_S)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without any right. Skips where this one has none to give up."""
    if os.geteuid() != 0:
        pytest.skip("only root can try what another user may not do")
    os.setresuid(_NOBODY, _NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def fault_of(kind: str, target: str, **given: object) -> Fault:
    return Fault(kind, target, KINDS[kind].read(given), lasts_s=10)


def injected(injector: Injector, fault: Fault, target: Service) -> Undo:
    undo = injector.prepare(fault, target, new_lease_id())
    injector.inject(undo)
    proof = await_proof(lambda: injector.in_force(undo), WITHIN_S)
    assert proof, proof.seen
    return undo


def healed(injector: Injector, undo: Undo) -> str:
    """What was seen when it was gone."""
    injector.heal(undo)
    proof = await_proof(lambda: injector.gone(undo), WITHIN_S)
    assert proof, proof.seen
    return proof.seen


def case_on(stack: RunningStack, injector: Injector, kind: str, service: str, **given: object) -> Case:
    """One fault on a service of the shared stack, which may end in any way. It has no witness yet."""

    def restart() -> None:
        supervisor, former = stack.supervisor, stack.supervisor.children()[service].process
        if former:
            with suppress(ProcessLookupError):  # the fault itself may have ended it
                os.kill(former.pid, signal.SIGKILL)
        else:
            supervisor.start(service)
        wait_until(lambda: supervisor.children()[service].process not in (None, former), WITHIN_S, f"{service} is new")

    def remove() -> None:
        stack.supervisor.stop(service, 0)
        children = stack.supervisor.children
        wait_until(lambda: children()[service].state is ChildState.STOPPED, WITHIN_S, f"{service} is stopped")

    def restore() -> None:
        stack.supervisor.start(service)
        wait_until(lambda: is_well(stack), _WELL_WITHIN_S, "all is well again")

    fault, target, home = fault_of(kind, service, **given), stack.catalogue.service(service), str(stack.project.home)
    if service in _SLOW_TO_START:
        case = Case(injector, fault, target, home, why_not_ended="as with the other services")
    else:
        case = Case(injector, fault, target, home, restart, remove, restore)
    # A thread stops when it gets a processor, a service ends within its grace: on a busy machine both are late.
    return replace(case, in_force_within_s=WITHIN_S, gone_within_s=WITHIN_S)


def is_untouched(stack: RunningStack, service: str, former: ProcessId) -> bool:
    return process_of(stack, service) == former and former.is_alive()
