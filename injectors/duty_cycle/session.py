"""The processes of one service, found by the session that its first process leads."""

import signal
from collections.abc import Iterator

from chaos_aura.core.process import ProcessId
from injectors.supervised.looking import looking
from injectors.supervised.proc_stat import SESSION, START, STATE, all_stats, stat_of
from injectors.supervised.signalling import send

_STOPPED = b"T"


@looking()
def is_stopped(process: ProcessId) -> bool:
    row = stat_of(process.pid)
    return bool(row) and int(row[START]) == process.start_ticks and row[STATE] == _STOPPED


@looking()
def stopped_members(leader: ProcessId) -> list[ProcessId]:
    return [member for member, state in _members(leader) if state == _STOPPED]


@looking()
def go_on(leader: ProcessId) -> None:
    """Every member, whether it seems to be stopped or not: a stop may be on its way, and this takes it back."""
    for member, _ in _members(leader):
        send(member, signal.SIGCONT)


def _members(leader: ProcessId) -> Iterator[tuple[ProcessId, bytes]]:
    """With their states; also those that outlive it. None when its number is another's now: so is the session then."""
    now = stat_of(leader.pid)
    if now and int(now[START]) != leader.start_ticks:
        return
    for pid, row in all_stats():
        if int(row[SESSION]) == leader.pid and int(row[START]) >= leader.start_ticks:
            yield ProcessId(pid, int(row[START])), row[STATE]
