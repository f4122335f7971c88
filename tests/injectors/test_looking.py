"""Looking at processes: only what /proc does not name has ended, and what cannot be read proves nothing."""

import subprocess
import sys

from injectors.supervised.proc_stat import read_stat

_WITHOUT_DESCRIPTORS = """
import os, resource
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.process import ProcessId
from injectors.cgroup.controls import owned_bytes
from injectors.duty_cycle.session import go_on, is_stopped, stopped_members
from injectors.supervised.family import family_of
from injectors.supervised.threads import threads_of
me = ProcessId.of(os.getpid())
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
of_one = (family_of, is_stopped, stopped_members, go_on)
of_several = (threads_of, owned_bytes)
for look, what in (*((each, me) for each in of_one), *((each, [me]) for each in of_several)):
    try:
        print("seen", look(what))
    except ChaosAuraError as cause:
        print(cause)
"""


def test_what_has_ended_has_no_line() -> None:
    assert read_stat("/proc/999999999/stat") == []


def test_no_descriptor_left_is_no_end_of_anybody() -> None:
    argv = [sys.executable, "-P", "-c", _WITHOUT_DESCRIPTORS]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()
    assert len(told) == 6
    for line in told:
        assert line.startswith("/proc/")
        assert line.endswith(": Too many open files; raise the limit of open files (ulimit -n), then run it again")
