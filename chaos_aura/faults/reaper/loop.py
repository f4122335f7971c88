"""What the reaper does all the time: one thread that watches owners, the clock and its healer.

It decides who is to be healed and when. Healing itself is done by another process, the healer, which has the injectors
and their libraries loaded: whatever they do, hang or crash, the reaper goes on, with a new healer.
"""

import json
import selectors
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos_aura.core.boot import boot_id, since_boot_s
from chaos_aura.core.errors import LedgerUnusable
from chaos_aura.core.lease import Lease, LeaseState, Owner
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER, REAPER_SOCKET
from chaos_aura.faults.reaper.healer_link import HealerLink
from chaos_aura.faults.reaper.owners import Owners
from chaos_aura.faults.reaper.retries import Retries

_LOOK_EVERY_S = 0.5
_LINGER_S = 0.3
_RECEIVE_BYTES = 65536


class Reaper:
    def __init__(self, home: Path, listener: socket.socket, me: ProcessId) -> None:
        self._ledger = Ledger(home / FOLDER)
        self._listener = listener
        self._me = me
        self._selector = selectors.DefaultSelector()
        self._owners = Owners(self._selector)
        self._retries = Retries()
        self._healer = HealerLink(home, self._selector, self._heard)
        self._connections: dict[socket.socket, bytes] = {}
        self._unanswered: list[socket.socket] = []
        self._idle_since_s: float | None = None
        self._leases: tuple[Lease, ...] = ()  # as they were when the ledger could be read

    def run(self) -> None:
        """Until nothing is left to guard."""
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._healer.start()
        wait_s = 0.0
        while not self._is_done():
            for key, _ in self._selector.select(wait_s):
                key.data()
            wait_s = self._tick()
        with suppress(OSError):
            Path(REAPER_SOCKET).unlink()
        self._healer.end()

    def _tick(self) -> float:
        """Hands over what is due. Returns how long nothing more can be."""
        leases = self._open_leases()
        self._owners.watch({lease.owner for lease in leases})
        self._retries.forget_all_but({lease.id for lease in leases})
        self._healer.replace_if_hung()
        due = [lease for lease in leases if self._is_due(lease)]
        if due and self._healer.is_ready:
            self._healer.heal(due)
        self._note_idleness(leases)
        return self._next_look_s(leases)

    def _is_due(self, lease: Lease) -> bool:
        if lease.id in self._healer.under_way:
            return False
        lives = self._owners.is_alive(lease.owner)
        if not self._retries.may(lease.id, owner_lives=lives):
            return False
        is_over = lease.revoked or lease.state is LeaseState.STUCK or lease.has_ended(boot_id(), since_boot_s())
        return is_over or not lives

    def _next_look_s(self, leases: tuple[Lease, ...]) -> float:
        now_s = since_boot_s()
        ends = [lease.ends_s - now_s for lease in leases if lease.ends_s > now_s]
        return max(0.0, min([_LOOK_EVERY_S, *ends, *self._retries.waits_s(), *([_LINGER_S] if not leases else [])]))

    def _open_leases(self) -> tuple[Lease, ...]:
        try:
            self._leases = self._ledger.open_leases()
        except LedgerUnusable as cause:
            say(str(cause))
        return self._leases

    def _heard(self, message: dict[str, Any]) -> None:
        """From the healer."""
        if "ending" in message:
            say(f"lease {message['id']}: {message['ending']}: {message['why']}")
            self._retries.note(message["id"], message["ending"])
        if self._healer.is_ready:
            for connection in self._unanswered:
                self._answer(connection)
            self._unanswered.clear()

    def _accept(self) -> None:
        with suppress(OSError):  # nobody there any more, or no descriptor left
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            self._connections[connection] = b""
            self._selector.register(connection, selectors.EVENT_READ, lambda: self._receive(connection))

    def _receive(self, connection: socket.socket) -> None:
        try:
            content = connection.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            content = b""
        if not content:
            self._drop(connection)
            return
        *lines, rest = (self._connections[connection] + content).split(b"\n")
        self._connections[connection] = rest
        for line in lines:
            self._take(connection, line)

    def _take(self, connection: socket.socket, line: bytes) -> None:
        """`guard PID@START BOOT` is answered when this one is ready to heal, `heal PID@START BOOT` ends all of that
        owner's; any other line only wakes it."""
        words = line.decode("ascii", "replace").split()
        with suppress(ValueError, IndexError):
            match words[:1]:
                case ["guard"]:
                    self._owners.watch({Owner(ProcessId.parse(words[1]), words[2])}, stays=True)
                case ["heal"]:
                    self._revoke(Owner(ProcessId.parse(words[1]), words[2]))
        if words[:1] == ["guard"]:
            if self._healer.is_ready:
                self._answer(connection)
            else:
                self._unanswered.append(connection)

    def _revoke(self, owner: Owner) -> None:
        """Whoever asks may be in the middle of injecting: as long as he lives he closes that lease himself."""
        for lease in self._open_leases():
            if lease.owner == owner and not lease.revoked:
                with suppress(LedgerUnusable):
                    self._ledger.change(lease, lease.state, "its owner was told to stop", revoked=True)

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.send(json.dumps({"guarding": True, "reaper": str(self._me)}).encode() + b"\n")

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._connections[connection]
        if connection in self._unanswered:
            self._unanswered.remove(connection)
        connection.close()

    def _note_idleness(self, leases: tuple[Lease, ...]) -> None:
        if leases or self._connections or self._healer.under_way:
            self._idle_since_s = None
        elif self._idle_since_s is None:
            self._idle_since_s = time.monotonic()

    def _is_done(self) -> bool:
        if self._idle_since_s is not None and time.monotonic() - self._idle_since_s >= _LINGER_S:
            return True
        return _was_removed()


def _was_removed() -> bool:
    """A folder that was purged has no leases any more, nor can anybody find this process."""
    return Path().stat().st_nlink == 0


def say(line: str) -> None:
    """Into the log."""
    with suppress(OSError):  # a full disk is no reason to die
        print(time.strftime("%Y-%m-%dT%H:%M:%S%z"), "reaper:", line, flush=True)  # noqa: T201 - its log is its output
