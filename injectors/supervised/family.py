"""A process with all that belongs to it."""

from collections.abc import Iterable

from chaos_aura.core.process import ProcessId
from injectors.supervised.looking import looking
from injectors.supervised.proc_stat import DEAD, PARENT, SESSION, START, STATE, all_stats


@looking()
def family_of(process: ProcessId) -> tuple[ProcessId, ...]:
    """It, all of the session that it leads, and whatever these have started. None when it is dead itself."""
    if not process.is_alive():
        return ()
    rows = {pid: fields for pid, fields in all_stats() if fields[STATE] not in DEAD}
    members = {pid for pid, fields in rows.items() if pid == process.pid or int(fields[SESSION]) == process.pid}
    while started := {pid for pid, fields in rows.items() if int(fields[PARENT]) in members} - members:
        members |= started
    if not process.is_alive():
        return ()
    return tuple(ProcessId(pid, int(rows[pid][START])) for pid in sorted(members))


def described(processes: Iterable[ProcessId]) -> str:
    """`process 12` or `processes 12, 13`"""
    numbers = [str(process.pid) for process in processes]
    return f"process{'es' if len(numbers) > 1 else ''} {', '.join(numbers)}"
