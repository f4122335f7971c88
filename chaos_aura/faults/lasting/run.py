"""Run by path, without site packages: `python -I -S run.py MARK FOLDER PROGRAM REAPER DEADLINE ARGUMENTS...`

Makes this process a helper, then runs the program in it. One that is not wanted any more ends before it does anything.
"""

import os
import signal
import sys
import types
from importlib.machinery import SourceFileLoader

sys.path.append(__file__.rpartition("/chaos_aura/")[0])

from chaos_aura.faults.lasting import place
from chaos_aura.faults.lasting.helper import Helper

_START_TICKS = 19


def _main() -> None:
    marked, folder, program, reaper, deadline_s, *arguments = sys.argv[1:]
    lease_id = marked.removeprefix(place.mark(""))
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/")
    _be_the_first_to_be_killed()
    handle = _opened(reaper)
    helper = Helper(arguments, handle, float(deadline_s), place.report(folder, lease_id))
    if os.path.exists(place.tombstone(folder, lease_id)):  # noqa: PTH110 - pathlib takes long to import
        return  # whoever healed looked for this process before it could be seen
    module = types.ModuleType("__helper__")
    SourceFileLoader("__helper__", program).exec_module(module)
    if helper.wait(0):
        module.run(helper)


def _be_the_first_to_be_killed() -> None:
    """When memory runs out."""
    handle = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(handle, b"1000")
    os.close(handle)


def _opened(process: str) -> int:
    """A descriptor of exactly the process `pid@start_ticks`. Ends this one when that is dead."""
    pid, _, start_ticks = process.partition("@")
    try:
        handle = os.pidfd_open(int(pid))
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:  # noqa: PTH123 - as above
            fields = stat.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        sys.exit("the reaper is dead")
    if fields[_START_TICKS] != start_ticks:
        sys.exit("the reaper is dead")
    return handle


def _end() -> None:
    """With whatever it has started, and without waiting for its threads."""
    sys.stderr.flush()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    try:
        _main()
    except BaseException:  # noqa: BLE001 - its log says why it ended
        sys.excepthook(*sys.exc_info())
    _end()
