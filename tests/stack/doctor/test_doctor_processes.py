"""What becomes of orphans, seen in a world of processes whose first one does not care for them."""

import os
from pathlib import Path

import pytest
from confined import PRIVATE, confined, may_make_namespaces
from findings_of import doctor

# The command runs as a child of process 1, which has a dead child beside it: one with a name that could mislead.
_CARELESS_INIT = f"""
def with_exit_code_of(child):
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
first = os.fork()
if first: with_exit_code_of(first)
libc.prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
{PRIVATE}
mount(b'proc', '/proc', b'proc', 0, None)
dead = os.fork()
if not dead:
    Path('/proc/self/comm').write_text('z) R 7 (\\nState:')
    os._exit(0)
os.waitid(os.P_PID, dead, os.WEXITED | os.WNOWAIT)
command = os.fork()
if command: with_exit_code_of(command)
"""


@pytest.mark.skipif(os.geteuid() != 0 or not may_make_namespaces(), reason="only root may mount a /proc of its own")
def test_a_first_process_that_leaves_the_dead_unreaped(project_folder: Path) -> None:
    answer = doctor(project_folder, command=confined(_CARELESS_INIT, "os.CLONE_NEWPID | os.CLONE_NEWNS"))
    assert answer["orphans"]["state"] == "limited"
    assert answer["orphans"]["seen"] == "process 1 leaves 1 dead processes unreaped"
    assert answer["rights"]["seen"].startswith("root, capabilities: ")
