"""A program of its own: tries traffic control and packet filter rules in a network namespace that ends with it.

`python private_network.py TC IPTABLES` (empty for a program that is not here) prints one JSON object a line:
{"step": "netem", "ok": false, "said": "Error: Specified qdisc kind is unknown."}. Standard library only.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys

_PR_SET_PDEATHSIG = 1
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_WITHIN_S = 1.0
_LIBC = ctypes.CDLL(None, use_errno=True)

_DISCIPLINES = {
    "netem": ["netem", "delay", "1ms", "loss", "1%"],
    "tbf": ["tbf", "rate", "1mbit", "burst", "32kbit", "latency", "50ms"],
}
_RULE = ["-w", "1", "-A", "OUTPUT", "-m", "statistic", "--mode", "random", "--probability", "0.5", "-j", "DROP"]


def main() -> int:
    tc, iptables = sys.argv[1:3]
    parent = os.getppid()
    if not _enter():
        return 0
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return 1
    _raise_loopback()
    for name, options in _DISCIPLINES.items():
        if tc:
            _try(name, [tc, "qdisc", "add", "dev", "lo", "root", *options])
            _run([tc, "qdisc", "del", "dev", "lo", "root"])
    if iptables:
        _try("iptables", [iptables, *_RULE])
    return 0


def _enter() -> bool:
    """As it is, else as the root of a user namespace of its own."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        os.unshare(os.CLONE_NEWNET)
        _say("namespace", ok=True)
        return True
    except OSError as refused:
        first = refused.strerror or str(refused)
    try:
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{file}", "w", encoding="utf-8") as mapping:  # noqa: PTH123 - starts at once
                mapping.write(text)
    except OSError as refused:
        _say("namespace", ok=False, said=f"{first}; as a user of its own: {refused.strerror or refused}")
        return False
    _say("namespace", ok=True, said="user")
    return True


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anyone:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(anyone, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(anyone, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _try(step: str, argv: list[str]) -> None:
    code, said = _run(argv)
    _say(step, ok=code == 0, said=said)


def _run(argv: list[str]) -> tuple[int, str]:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
            preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # safe: one thread here
        )
    except OSError as cause:
        return 1, str(cause)
    except subprocess.TimeoutExpired:
        return 1, f"no answer within {_WITHIN_S:g} s"
    return done.returncode, (done.stderr.strip().splitlines() or [""])[0]


def _say(step: str, *, ok: bool, said: str = "") -> None:
    print(json.dumps({"step": step, "ok": ok, "said": said}), flush=True)  # noqa: T201 - its parent reads it


if __name__ == "__main__":
    sys.exit(main())
