"""Faults that helpers carry, as cases of the contract on the shared stack."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from awaiting import wait_until
from hurting import is_stopped, process_of, runs_anew, unwell

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.core.lease import new_lease_id
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.awaiting import await_proof
from chaos_aura.faults.contract import Case
from chaos_aura.faults.injector import Injector
from chaos_aura.faults.lasting.find import helpers_of
from chaos_aura.stack.running import RunningStack

WITHIN_S = 30  # the machine may be busy with much else


def fault_of(kind: str, target: str = "redis", **given: object) -> Fault:
    return Fault(kind, target, KINDS[kind].read(given), lasts_s=60)


def case_on_redis(stack: RunningStack, injector: Injector, fault: Fault) -> Case:
    """Redis is what is restarted and ended, also when an edge to it is struck."""

    def restart() -> None:
        former = process_of(stack, "redis")
        stack.supervisor.restart("redis")
        wait_until(lambda: runs_anew(stack, "redis", former), WITHIN_S, "a new Redis")

    def remove() -> None:
        stack.supervisor.stop("redis")

    def restore() -> None:
        stack.supervisor.start("redis")
        wait_until(lambda: "redis" not in unwell(stack), WITHIN_S, "Redis is well")

    return case_of(injector, fault, stack.catalogue.target(fault.target), stack.project.home, restart, remove, restore)


def case_of(
    injector: Injector,
    fault: Fault,
    target: Target,
    home: Path,
    *acts: object,
    why_not_ended: str = "its helper does not live in the target",
) -> Case:
    why = "" if acts else why_not_ended
    case = Case(injector, fault, target, str(home), *acts, why_not_ended=why)  # type: ignore[arg-type]
    return replace(case, in_force_within_s=WITHIN_S, gone_within_s=WITHIN_S)


def injected(injector: Injector, fault: Fault, target: Target) -> Undo:
    undo = injector.prepare(fault, target, new_lease_id())
    injector.inject(undo)
    return undo


@contextmanager
def in_force(injector: Injector, fault: Fault, target: Target) -> Iterator[Undo]:
    """Proven; healed and proven gone after it, whatever has happened in between."""
    undo = injected(injector, fault, target)
    try:
        must_hold(injector, undo)
        yield undo
    finally:
        injector.heal(undo)
        gone = await_proof(lambda: injector.gone(undo), WITHIN_S)
        assert gone, gone.seen


def must_hold(injector: Injector, undo: Undo) -> Proof:
    proof = await_proof(lambda: injector.in_force(undo), WITHIN_S)
    assert proof, proof.seen
    return proof


def helper_of(undo: Undo) -> ProcessId:
    """The oldest that bears the mark: so does what it has just started, until that becomes another program."""
    return helpers_of(undo.data["lease"])[0]


@contextmanager
def held_still(process: ProcessId) -> Iterator[None]:
    """Each of its threads: one that waits for a processor stops only when it gets one."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: is_stopped(process), WITHIN_S, "all of it is stopped")
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


@contextmanager
def busy_process(threads: int = 1) -> Iterator[ProcessId]:
    """Uses all the processor that it gets, in a session of its own."""
    text = "import threading, zlib\nb = bytes(1 << 18)\ndef f():\n    while True: zlib.crc32(b)\n"
    text += f"for _ in range({threads}): threading.Thread(target=f).start()\n"
    with subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.DEVNULL, start_new_session=True) as one:
        try:
            process = ProcessId.of(one.pid)
            assert process
            wait_until(lambda: used_s(process) > 0.2, WITHIN_S, "it is busy")
            yield process
        finally:
            one.kill()


def used_s(process: ProcessId) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
