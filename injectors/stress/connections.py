"""connection_flood: takes the connections of a service, direct or through one of its edges."""

import os
import resource
import time
from pathlib import Path
from typing import ClassVar

from chaos_aura.core.catalogue import Edge, Target
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.carrier import Carrier
from injectors.refusal import refuse_unless
from injectors.stress.part import PROGRAMS, is_here, takes_s

_OTHER_FILES = 32  # that the helper has open
_LOOKED_FOR_S, _LOOK_EVERY_S = 0.2, 0.02  # those that were closed are opened again within that
_ESTABLISHED, _STATE, _INODE = "01", 3, 9


class ConnectionFlood:
    kind: ClassVar[str] = "connection_flood"

    def __init__(self, ground: Ground) -> None:
        self._carrier = Carrier(ground, PROGRAMS / "flood.py")
        self.inject, self.heal, self.gone = self._carrier.inject, self._carrier.heal, self._carrier.gone

    def can(self, fault: Fault, target: Target) -> Capability:
        return is_here(target) and _may_open(int(fault.number("connections")))

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        service = target.service if isinstance(target, Edge) else target.name
        return Footprint(frozenset({f"connections of {service}"}), hurts=frozenset({service}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), target.name)
        count, address = int(fault.number("connections")), target.address
        touches = [f"opens {count} connections to {target.name} ({address}) and holds them"]
        host = address.host.replace("localhost", "127.0.0.1")
        arguments = (host, address.port, count)
        return self._carrier.undo(fault, lease_id, arguments, touches, takes_s=takes_s(fault), connections=count)

    def in_force(self, undo: Undo) -> Proof:
        helper = self._carrier.helper(undo)
        if helper is None:
            return self._carrier.dead(undo)
        asked = undo.data["connections"]
        established = _standing(helper, asked)
        closed = int(self._carrier.figures(undo).get("closed", 0))
        seen = f"{established} of {asked} connections to {undo.data['target']} are established"
        seen += f"; {closed} were refused or closed by it" if closed else ""
        return Proof(established >= asked, seen, {"established": established, "closed": closed})


def _may_open(connections: int) -> Capability:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or connections + _OTHER_FILES <= most:
        return YES
    why = f"a process may open {most} files here, too few for {connections} connections"
    return no(why, f"ask for connections={max(1, most - _OTHER_FILES)} or fewer, or raise the limit (ulimit -Hn)")


def _standing(helper: ProcessId, asked: int) -> int:
    """Those that stood at two looks: one that is turned away at once is established for a moment, too."""
    ends_s, most, before = time.monotonic() + _LOOKED_FOR_S, 0, _established(helper)
    while most < asked and time.monotonic() < ends_s:
        time.sleep(_LOOK_EVERY_S)
        now = _established(helper)
        most, before = max(most, len(before & now)), now
    return most


def _established(helper: ProcessId) -> set[str]:
    """As the kernel lists them: those of the helper's own files, by their numbers."""
    own, found = _sockets(helper), set[str]()
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net") / table
        if path.exists():
            with path.open(encoding="ascii") as rows:
                found.update(row[_INODE] for line in rows if _is_one_of(own, row := line.split()))
    return found


def _is_one_of(own: set[str], row: list[str]) -> bool:
    return row[_STATE] == _ESTABLISHED and row[_INODE] in own


def _sockets(helper: ProcessId) -> set[str]:
    """The numbers by which the kernel knows them."""
    found = set()
    try:
        with os.scandir(f"/proc/{helper.pid}/fd") as entries:
            for entry in entries:
                try:
                    found.add(os.readlink(entry.path).removeprefix("socket:[").rstrip("]"))  # noqa: PTH115 - thousands
                except FileNotFoundError:  # closed since
                    continue
    except (FileNotFoundError, ProcessLookupError):
        return set()
    return found
