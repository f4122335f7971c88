"""A file of lines that only grows. It never stands in the way: what it cannot write is counted, and told of once."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

type Complaint = Callable[[Path, OSError], None]

_MODE = 0o600


def _silent(path: Path, cause: OSError) -> None:
    """Nobody wants to know."""


class AppendedFile:
    """Whole lines only: after one that was cut short, by a full disk or a killed process, the next begins on its own.

    With `keep_bytes` it is bounded: once that long it becomes `NAME.1.ndjson`, in place of the former one.
    """

    def __init__(self, path: Path, *, keep_bytes: int | None = None, complain: Complaint = _silent) -> None:
        self.path = path
        self.lost = 0
        self._keep_bytes = keep_bytes
        self._complain = complain
        self._has_complained = False
        self._fd: int | None = None
        self._is_torn = False
        self._lock = threading.Lock()

    @property
    def former(self) -> Path:
        return self.path.with_suffix(f".1{self.path.suffix}")

    def append(self, lines: bytes, count: int = 1) -> None:
        """`lines` ends with a newline, and holds `count` of them."""
        with self._lock:
            try:
                self._write(lines)
            except OSError as cause:
                self._lose(count, cause)
            else:
                self._has_complained = False

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _write(self, lines: bytes) -> None:
        fd = self._opened()
        whole = b"\n" + lines if self._is_torn else lines
        self._is_torn = True
        if os.write(fd, whole) != len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # what a short write to a file means
        self._is_torn = False

    def _opened(self) -> int:
        """Opened anew when the file is no longer the one of that name, or long enough."""
        if self._fd is not None:
            state = os.fstat(self._fd)
            is_full = self._keep_bytes is not None and state.st_size >= self._keep_bytes
            if state.st_nlink and not is_full:
                return self._fd
            if is_full and self._is_at_path(state):
                self.path.replace(self.former)
            self._forget()
        self._fd = self._open()
        return self._fd

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        size = os.fstat(fd).st_size
        self._is_torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        return fd

    def _is_at_path(self, state: os.stat_result) -> bool:
        """Another process of the same name may have moved it already."""
        try:
            return os.path.samestat(state, self.path.stat())
        except FileNotFoundError:
            return False

    def _forget(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _lose(self, count: int, cause: OSError) -> None:
        self.lost += count
        if not self._has_complained:
            self._has_complained = True
            self._complain(self.path, cause)
