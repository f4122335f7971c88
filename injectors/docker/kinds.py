"""What this injector knows, and the words of its own: what can be done to one of several processes of a container."""

from chaos_aura.core import kinds
from chaos_aura.core.kind import Kind, Parameter

(_WHICH,) = kinds.KINDS["pause"].parameters
_NAME = Parameter("process", str, "what it is called: its program, or the script that this runs", sample="sh")
_IN_CONTAINERS = "a service that runs in containers"

PAUSE_INSIDE = Kind(
    "pause_inside",
    "freeze one of the processes inside of a container (SIGSTOP)",
    (_NAME, _WHICH),
    needs=_IN_CONTAINERS,
)
KILL_INSIDE = Kind(
    "kill_inside",
    "end one of the processes inside of a container at once (SIGKILL)",
    (_NAME, _WHICH),
    momentary=True,
    needs=_IN_CONTAINERS,
)
OWN_KINDS = (PAUSE_INSIDE, KILL_INSIDE)
# Told here, so that who only lists faults need not load how each is done.
KINDS = frozenset(
    {
        *("kill", "stop", "pause", "restart", "crash_loop"),
        *("partition", "packet_loss", "latency", "throttle", "dns_failure"),
        *("cpu_throttle", "memory_limit", "oom_kill", "pids_limit", "fd_limit", "file_size_limit"),
        *("disk_full", "clock_skew"),
        *(kind.name for kind in OWN_KINDS),
    }
)
