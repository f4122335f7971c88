"""`program.py PID@START_TICKS PERCENT`: stops and continues a process group, so that it gets a part of a processor."""

import os
import select
import signal
import sys
import time

from chaos_aura.faults.lasting.helper import Helper
from injectors.supervised.proc_stat import SESSION, START, SYSTEM_TICKS, USER_TICKS, all_stats, stat_of

_PERIOD_S = 0.05
_PER_CENT = 100
_LOOK_FOR_MEMBERS_S = 1.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def run(helper: Helper) -> None:
    process, share = _Group(helper.arguments[0]), int(helper.arguments[1]) / _PER_CENT
    try:
        _throttle(helper, process, share)
    finally:
        process.signal(signal.SIGCONT)


def _throttle(helper: Helper, group: "_Group", share: float) -> None:
    """Stopped for a fixed part of each period, idle or not, and longer when several threads used more."""
    stops, began_s, used_before_s = 0, time.monotonic(), group.used_s()
    since_s, used_since_s = began_s, used_before_s
    while helper.wait(share * _PERIOD_S) and group.signal(signal.SIGSTOP):
        stops += 1
        used_s, now_s = group.used_s(), time.monotonic()
        helper.report(stops=stops, used_s=used_s - used_before_s, lasted_s=now_s - began_s)
        owed_s = (used_s - used_since_s) / share - (now_s - since_s)
        if not helper.wait(max((1 - share) * _PERIOD_S, owed_s)):
            return
        if owed_s <= 0:  # what it did not use is not saved up for later
            since_s, used_since_s = time.monotonic(), used_s
        group.signal(signal.SIGCONT)


class _Group:
    """The processes of one service: a session, whose first process leads it and its group."""

    def __init__(self, leader: str) -> None:
        self._pid, self._start = (int(part) for part in leader.split("@"))
        self._handle = os.pidfd_open(self._pid)
        row = stat_of(self._pid)
        if not row or int(row[START]) != self._start or os.getpgid(self._pid) != self._pid:
            sys.exit("its target has ended")
        self._members: list[int] = []
        self._looked_s = 0.0

    def signal(self, number: int) -> bool:
        """False when the leader has ended: its number may then be anybody's."""
        if select.select([self._handle], [], [], 0)[0]:
            print("its target has ended", file=sys.stderr)  # noqa: T201 - that is its log
            return False
        os.killpg(self._pid, number)
        return True

    def used_s(self) -> float:
        """Of processors, by all of them. New members are looked for now and then: that costs more than all the rest."""
        if time.monotonic() - self._looked_s > _LOOK_FOR_MEMBERS_S:
            self._members, self._looked_s = self._find(), time.monotonic()
        rows = (stat_of(pid) for pid in self._members)
        return sum(int(row[USER_TICKS]) + int(row[SYSTEM_TICKS]) for row in rows if row) / _TICKS_PER_S

    def _find(self) -> list[int]:
        return [pid for pid, row in all_stats() if int(row[SESSION]) == self._pid]
