"""Looking at processes: only what /proc does not name has ended, and what cannot be read proves nothing."""

import subprocess
import sys

from awaiting import wait_until

from chaos_aura.core.process import ProcessId
from injectors.supervised.dying import is_dying
from injectors.supervised.proc_stat import read_stat

_HAS_MUCH_TO_FREE = "kept = bytearray(b'x') * (200 << 20); print(flush=True); input()"
_WITHIN_S = 60

_WITHOUT_DESCRIPTORS = """
import os, resource
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.process import ProcessId
from injectors.cgroup.controls import owned_bytes
from injectors.duty_cycle.session import go_on, is_stopped, stopped_members
from injectors.supervised.dying import is_dying
from injectors.supervised.family import family_of
from injectors.supervised.threads import threads_of
me = ProcessId.of(os.getpid())
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
of_one = (family_of, is_dying, is_stopped, stopped_members, go_on)
of_several = (threads_of, owned_bytes)
for look, what in (*((each, me) for each in of_one), *((each, [me]) for each in of_several)):
    try:
        print("seen", look(what))
    except ChaosAuraError as cause:
        print(cause)
"""


def test_what_has_ended_has_no_line() -> None:
    assert read_stat("/proc/999999999/stat") == []


def looks_at_a_killed_one() -> list[bool]:
    """Whether it was dying, at each look at which it was alive."""
    argv = [sys.executable, "-c", _HAS_MUCH_TO_FREE]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:
        assert one.stdout
        one.stdout.readline()
        process = ProcessId.of(one.pid)
        assert process
        assert not is_dying(process)
        one.kill()
        looks = []
        while process.is_alive():
            looks.append(is_dying(process))
    assert is_dying(process)
    return looks


def test_one_that_was_killed_is_dying_as_long_as_it_seems_to_live() -> None:
    assert all(wait_until(looks_at_a_killed_one, _WITHIN_S, "a look before it was dead"))


def test_no_descriptor_left_is_no_end_of_anybody() -> None:
    argv = [sys.executable, "-P", "-c", _WITHOUT_DESCRIPTORS]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()
    assert len(told) == 7
    for line in told:
        assert line.startswith("/proc/")
        assert line.endswith(": Too many open files; raise the limit of open files (ulimit -n), then run it again")
