"""What each kind of stress must be able to do, and what is the same for all of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Protocol

from chaos_aura.core.catalogue import Edge, Target
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no

PROGRAMS = Path(__file__).with_name("programs")
BYTES_PER_MB = 1024 * 1024
_AT_LEAST_A_SECOND = {"memory_fill": ("size_mb", 300), "connection_flood": ("connections", 1000)}


class Part(Protocol):
    """As an injector's methods, for one kind."""

    kind: ClassVar[str]

    def can(self, fault: Fault, target: Target) -> Capability: ...
    def footprint(self, fault: Fault, target: Target) -> Footprint: ...
    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo: ...
    def inject(self, undo: Undo) -> None: ...
    def heal(self, undo: Undo) -> None: ...
    def in_force(self, undo: Undo) -> Proof: ...
    def gone(self, undo: Undo) -> Proof: ...


def takes_s(fault: Fault) -> float:
    """Much takes longer, and on a busy machine far longer than alone. A disk is full when `inject` returns."""
    name, at_least = _AT_LEAST_A_SECOND.get(fault.kind, ("", 1))
    return fault.number(name) / at_least if name else 0.0


def on_this_machine(fault: Fault, target: Target) -> Capability:
    """A service here: the stress is put on this machine, so it must be the one that the service runs on."""
    if isinstance(target, Edge):
        return no(f"{target.name} is an edge, and {fault.kind} strikes services", f"aim at {target.service}")
    return is_here(target)


def is_here(target: Target) -> Capability:
    host = target.address.host
    if host.startswith("127.") or host in ("localhost", "::1"):
        return YES
    return no(f"{target.name} is at {host}, and only this machine is put under stress", "run it there")


def status_mb(pid: int, name: str) -> float:
    """`RssAnon` and the like, of a process; 0 when it is gone."""
    try:
        return read_mb(Path(f"/proc/{pid}/status"), name)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def read_mb(path: Path, name: str) -> float:
    """`MemAvailable:   123456 kB`. 0 when it is not told."""
    rows: Mapping[str, str] = dict(
        line.split(":", 1) for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if ":" in line
    )
    return int(rows.get(name, "0 kB").split()[0]) / 1024
