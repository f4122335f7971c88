"""The network of this machine itself: no fault in a container's network may leave anything in it."""

import subprocess

_LISTED = "iptables-save && ip6tables-save && tc qdisc show"
_SIGNS = ("chaos-aura", "netem", "tbf")


def traces() -> frozenset[str]:
    """Rules and queues of the kinds that such faults are made of."""
    done = subprocess.run(["sh", "-c", _LISTED], capture_output=True, text=True, check=True)
    return frozenset(line for line in done.stdout.splitlines() if any(sign in line for sign in _SIGNS))
