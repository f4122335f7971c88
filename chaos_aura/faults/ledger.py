"""Every lease, on disk before its fault: `.chaos-aura/faults/ledger.jsonl`, a line for each thing that became of one.

    {"lease": {"id": "01K9...", "state": "intended", ...}}
    {"id": "01K9...", "state": "in_force", "why": "answer after 212 ms", "revoked": false, ...}

Lines are only added, each in one write that begins and ends with a newline, so a line that a crash has torn spoils no
other. Reading needs no lock, nor does saying what became of a lease: a controller stopped in the middle of anything
must not keep the reaper from its work. Only who writes a new lease holds the lock, because two that write the same
thing must not both find it free.
"""

import errno
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from chaos_aura.core.errors import LedgerUnusable, MachineLacks
from chaos_aura.core.lease import Lease, LeaseState
from chaos_aura.core.lock import take
from chaos_aura.faults.place import LEDGER, LEDGER_LOCK

_LOCK_WITHIN_S = 5.0
_TRY_EVERY_S = 0.005
_TIDY_BEYOND_BYTES = 64 * 1024
_CLOSED_KEPT = 20
_SAID = ("revoked", "given_up", "ends_s")


class Ledger:
    """`folder` is `.chaos-aura/faults`. Any number of processes may use the same one at once; threads of one too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / LEDGER
        self._reading = threading.Lock()
        self._file = (0, 0)  # device and inode of what has been read so far
        self._offset = 0
        self._leases: dict[str, Lease] = {}
        self._unread = 0

    @property
    def path(self) -> Path:
        return self._path

    def leases(self) -> dict[str, Lease]:
        """By id, in the order in which they were written."""
        return self.read()[0]

    def open_leases(self) -> tuple[Lease, ...]:
        return tuple(lease for lease in self.leases().values() if lease.is_open)

    def read(self) -> tuple[dict[str, Lease], int]:
        """All leases, and how many lines could not be read: torn ones, of leases that were never injected."""
        with self._reading:
            try:
                with self._path.open("rb") as file:
                    self._read_on(file)
            except FileNotFoundError:
                self._forget((0, 0))
            except OSError as cause:
                raise _unusable(self._path, "the faults that were written down cannot be read", cause) from cause
            return dict(self._leases), self._unread

    def intend(self, lease: Lease, check: Callable[[tuple[Lease, ...]], None]) -> None:
        """On the disk when it returns. `check` is given the open leases and raises when this one must not be.

        LedgerUnusable, and there is no such lease, when the disk refuses.
        """
        with self._alone():
            check(self.open_leases())
            self._tidy()
            try:
                self._append({"lease": lease.to_dict()}, _write_for_good)
            except BaseException as cause:
                with suppress(LedgerUnusable):  # where it can be read although the disk would not have it
                    self.change(lease, LeaseState.HEALED, "was never injected")
                if isinstance(cause, OSError):
                    raise _not_begun(self._path, cause) from cause
                raise

    def change(self, lease: Lease, state: LeaseState, why: str = "", **more: Any) -> Lease:
        """Says what became of it: `revoked`, `given_up`, `ends_s` as well. Returns the lease as it is then."""
        changed = lease.changed(state, why, **more)
        told = {"state": state.value, "why": why, **{name: getattr(changed, name) for name in _SAID}}
        try:
            self._append({"id": lease.id, **told}, _write)
        except OSError as cause:
            what = f"what became of {lease.fault} (lease {lease.id}) cannot be written down"
            raise _unusable(self._path, what, cause) from cause
        return changed

    def _read_on(self, file: IO[bytes]) -> None:
        """What is new since the last time, up to the last whole line."""
        status = os.fstat(file.fileno())
        if (status.st_dev, status.st_ino) != self._file or status.st_size < self._offset:
            self._forget((status.st_dev, status.st_ino))
        file.seek(self._offset)
        content = file.read()
        content = content[: content.rfind(b"\n") + 1]
        self._offset += len(content)
        self._unread += _fold(self._leases, content.split(b"\n"))

    def _forget(self, file: tuple[int, int]) -> None:
        self._file, self._offset, self._leases, self._unread = file, 0, {}, 0

    def _append(self, record: dict[str, Any], write: Callable[[int, bytes], None]) -> None:
        line = b"\n" + json.dumps(record, separators=(",", ":")).encode() + b"\n"
        is_new = not self._path.exists()
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            write(file, line)
        finally:
            os.close(file)
        if is_new:
            _sync_folder(self._folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        deadline_s = time.monotonic() + _LOCK_WITHIN_S
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            lock = os.open(self._folder / LEDGER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as cause:
            raise _not_begun(self._folder, cause) from cause
        try:
            while not take(lock):
                if time.monotonic() > deadline_s:
                    why = f"is held by another process for more than {_LOCK_WITHIN_S:g} s"
                    raise LedgerUnusable(str(self._folder / LEDGER_LOCK), why, "look for a stopped chaos-aura: ps axf")
                time.sleep(_TRY_EVERY_S)
            yield
        finally:
            os.close(lock)

    def _tidy(self) -> None:
        """A long ledger is written anew without what has long been healed. Only while no lease is open: then nobody
        else has anything to say."""
        leases = self.leases()
        with suppress(OSError):
            if self._path.stat().st_size < _TIDY_BEYOND_BYTES or any(lease.is_open for lease in leases.values()):
                return
            fresh = self._path.with_name(f".{LEDGER}.{os.getpid()}")
            kept = list(leases.values())[-_CLOSED_KEPT:]
            fresh.write_bytes(b"".join(json.dumps({"lease": each.to_dict()}).encode() + b"\n" for each in kept))
            fresh.replace(self._path)
            _sync_folder(self._folder)


def _fold(leases: dict[str, Lease], lines: Iterable[bytes]) -> int:
    """How many could not be understood."""
    unread = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            _fold_one(leases, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            unread += 1
    return unread


def _fold_one(leases: dict[str, Lease], record: dict[str, Any]) -> None:
    if "lease" in record:
        lease = Lease.from_dict(record["lease"])
        leases[lease.id] = lease
        return
    lease = leases[record["id"]]
    revoked, given_up, ends_s = (record[name] for name in _SAID)
    leases[lease.id] = lease.changed(
        LeaseState(record["state"]),
        str(record["why"]),
        revoked=bool(revoked),
        given_up=bool(given_up),
        ends_s=float(ends_s),
    )


def _write(file: int, line: bytes) -> None:
    if os.write(file, line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _write_for_good(file: int, line: bytes) -> None:
    """What a full disk has taken of it is left: a line cut in two harms nobody, others may have written after it."""
    _write(file, line)
    os.fsync(file)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _not_begun(path: Path, cause: OSError) -> LedgerUnusable:
    refused = _unusable(path, "the fault cannot be written down", cause)
    return LedgerUnusable(refused.where, refused.why, f"{refused.remedy}; nothing was injected")


def _unusable(path: Path, what: str, cause: OSError) -> LedgerUnusable:
    told = MachineLacks.because(cause, str(path))
    return LedgerUnusable(told.where, f"{what} ({told.why})", told.remedy)
