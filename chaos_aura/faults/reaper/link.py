"""An owner's side of the reaper: the acknowledgement before the first lease, and a new reaper when it dies."""

import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.boot import boot_id
from chaos_aura.core.errors import ChaosAuraError, ReaperMissing
from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import signer
from chaos_aura.faults.guard import Guard
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER, REAPER_LOCK, REAPER_LOG, REAPER_SOCKET
from chaos_aura.faults.reaper.launch import launch

ACKNOWLEDGED_WITHIN_S = 15.0
_AGAIN_AFTER_S = 0.2
_RECEIVE_BYTES = 4096


class ReaperLink(Guard):
    """One connection for as long as this process injects. Its end tells that the reaper has died."""

    def __init__(self, home: Path, acknowledged_within_s: float = ACKNOWLEDGED_WITHIN_S) -> None:
        self._home = home
        self._within_s = acknowledged_within_s
        self._ledger = Ledger(home / FOLDER)
        self._changing = threading.RLock()
        self._connection: socket.socket | None = None
        self._is_closed = False
        self._me = _this_process()

    def ready(self) -> None:
        with self._changing:
            if self._connection is not None and not _hears(self._connection):
                self._connection = None  # its watcher closes it
            if self._connection is None:
                self._connection = connect(self._home, self._within_s)
                threading.Thread(target=self._watch, args=(self._connection,), daemon=True).start()

    def look(self) -> None:
        with self._changing:
            if self._connection:
                _hears(self._connection)

    def heal_now(self) -> None:
        """All that this process has injected, by the reaper. For a signal handler: takes no lock, waits for nothing."""
        if connection := self._connection:
            with suppress(OSError):
                connection.send(b"heal " + self._me, socket.MSG_DONTWAIT)

    def close(self) -> None:
        with self._changing:
            self._is_closed = True
            if self._connection:
                with suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)

    def _watch(self, connection: socket.socket) -> None:
        """A reaper that dies while we have leases is replaced at once."""
        with suppress(OSError):
            while connection.recv(_RECEIVE_BYTES):
                pass
        with self._changing:
            connection.close()
            if self._connection is connection:
                self._connection = None
        while not self._is_closed:
            with suppress(ChaosAuraError, OSError):
                if self._has_leases():
                    self.ready()
                return
            time.sleep(_AGAIN_AFTER_S)

    def _has_leases(self) -> bool:
        return any(lease.owner.process.pid == os.getpid() for lease in self._ledger.open_leases())


def _hears(connection: socket.socket) -> bool:
    """Whether there is somebody at the other end. One that is stopped does not count as gone."""
    try:
        connection.send(b"look\n", socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def connect(home: Path, within_s: float = ACKNOWLEDGED_WITHIN_S) -> socket.socket:
    """To a reaper that has acknowledged that it guards this process, started when there is none."""
    deadline_s = time.monotonic() + within_s
    while True:
        try:
            return _acknowledged(home, deadline_s)
        except (FileNotFoundError, ConnectionError, BlockingIOError):
            if time.monotonic() > deadline_s:
                raise _silent(home, within_s) from None
        except TimeoutError:
            raise _silent(home, within_s) from None
        launch(home)


def _acknowledged(home: Path, deadline_s: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        folder = os.open(home / FOLDER, os.O_PATH | os.O_DIRECTORY)
        try:
            connection.settimeout(max(0.1, deadline_s - time.monotonic()))
            connection.connect(f"/proc/self/fd/{folder}/{REAPER_SOCKET}")  # a path may have 107 bytes only
        finally:
            os.close(folder)
        connection.sendall(b"guard " + _this_process())
        if not connection.recv(_RECEIVE_BYTES):
            raise ConnectionResetError("it was about to end")
        connection.settimeout(None)
    except BaseException:
        connection.close()
        raise
    return connection


def _this_process() -> bytes:
    return f"{ProcessId.of(os.getpid())} {boot_id()}\n".encode()


def _silent(home: Path, within_s: float) -> ReaperMissing:
    process = signer(home / FOLDER / REAPER_LOCK)
    who = f"process {process.pid} " if process else ""
    why = f"{who}did not acknowledge within {within_s:g} s"
    remedy = f"end it: kill -9 {process.pid}" if process else f"its log: {home / FOLDER / REAPER_LOG}"
    return ReaperMissing("reaper", why, f"{remedy}; nothing was injected")
