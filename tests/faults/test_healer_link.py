"""The reaper's one thread goes on, whatever its healer does: dies between two orders, or does not die at all."""

import ctypes
import multiprocessing
import os
import selectors
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from fake_home import FakeHome
from test_ledger import lease

from chaos_aura.faults.reaper.healer_link import HealerLink

_WITHIN_S = 30
_LONG_AGO_S = 1000.0
_PTRACE_SEIZE = 0x4206


class Reaping:
    """What the reaper does with it, without leases of its own."""

    def __init__(self, home: FakeHome) -> None:
        self.heard: list[dict[str, Any]] = []
        self._selector = selectors.DefaultSelector()
        resource_tracker.ensure_running()  # a debugger's, which stays
        self._mine = children()
        self.link = HealerLink(home.home, self._selector, self.heard.append)

    def start(self) -> None:
        """It is started again at the earliest a second after the last time."""
        wait_until(self._is_ready, _WITHIN_S, "a healer is ready")

    def _is_ready(self) -> bool:
        self.link.replace_if_hung()
        for key, _ in self._selector.select(0) if self._selector.get_map() else ():
            key.data()
        return self.link.is_ready

    def healer(self) -> int:
        """When the one before has been reaped, should there have been one."""

        def only() -> set[int]:
            self.link.replace_if_hung()
            found = children() - self._mine
            return found if len(found) == 1 else set()

        [pid] = wait_until(only, _WITHIN_S, "there is one healer")
        return pid

    def hang(self) -> None:
        """As if it had been told long ago."""
        self.link.under_way["0"] = time.monotonic() - _LONG_AGO_S
        self.link.replace_if_hung()

    def close(self) -> None:
        self.link.end()
        # Killed, one may die later than it is waited for.
        wait_until(lambda: self.link.replace_if_hung() or not children() - self._mine, _WITHIN_S, "no healer is left")
        self._selector.close()


def children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ends just then
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


@pytest.fixture
def reaping(home: FakeHome, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reaping]:
    monkeypatch.setenv("PYTHONPATH", home.environ["PYTHONPATH"])
    one = Reaping(home)
    one.start()
    yield one
    one.close()


def test_a_healer_that_dies_while_it_is_told_is_replaced(reaping: Reaping) -> None:
    reaping.hang()  # from now on it is told of each by itself
    reaping.start()
    healer = reaping.healer()
    os.kill(healer, signal.SIGKILL)
    os.waitid(os.P_PID, healer, os.WEXITED | os.WNOWAIT)  # with each of its threads
    reaping.heard.clear()
    reaping.link.heal([lease(lease_id="1"), lease(lease_id="2")])
    assert [(each["id"], each["ending"]) for each in reaping.heard] == [("1", "stuck"), ("2", "stuck")]
    assert not reaping.link.under_way
    reaping.start()


def test_a_healer_that_does_not_die_is_not_waited_for(reaping: Reaping) -> None:
    healer = reaping.healer()
    with held_by_a_debugger(healer):
        began_s = time.monotonic()
        reaping.hang()
        assert time.monotonic() - began_s < _WITHIN_S / 2
        assert reaping.heard[-1] == {"id": "0", "ending": "stuck", "why": "the healer hung"}
        reaping.start()
    wait_until(lambda: reaping.link.replace_if_hung() or healer not in children(), _WITHIN_S, "it has been reaped")


@contextmanager
def held_by_a_debugger(pid: int) -> Iterator[None]:
    """That does not look: as with one that the kernel holds back, its parent learns late of its death."""
    ours, theirs = multiprocessing.Pipe()
    debugger = multiprocessing.get_context("spawn").Process(target=_seize, args=(pid, theirs))
    debugger.start()
    try:
        error = ours.recv()
        if error:
            pytest.skip(f"this user may not debug his own processes here ({os.strerror(error)})")
        yield
    finally:
        debugger.kill()
        debugger.join()


def _seize(pid: int, tell: Connection) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.ptrace(_PTRACE_SEIZE, pid, None, None)
    tell.send(ctypes.get_errno() if failed else 0)
    signal.pause()
