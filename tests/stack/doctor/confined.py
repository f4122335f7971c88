"""Puts the command into namespaces of its own, where a test may break what it likes."""

import ctypes
import os
import sys
from functools import cache

from findings_of import COMMAND

# The root of the machine needs no user namespace; anybody else becomes root in one.
_ENTER = """
import ctypes, os, subprocess, sys
from pathlib import Path
uid, gid, flags = os.geteuid(), os.getegid(), {flags}
if uid and flags:
    os.unshare(os.CLONE_NEWUSER)
    for file, text in (("setgroups", "deny"), ("uid_map", f"0 {{uid}} 1"), ("gid_map", f"0 {{gid}} 1")):
        Path("/proc/self", file).write_text(text)
if flags: os.unshare(flags)
libc = ctypes.CDLL(None, use_errno=True)
def mount(source, target, kind, flags, options):
    if libc.mount(source, os.fsencode(target), kind, flags, options):
        raise OSError(ctypes.get_errno(), "mount")
{setup}
os.execv(sys.argv[1], sys.argv[1:])
"""
PRIVATE = "mount(None, '/', None, 1 << 18 | 1 << 14, None)"  # MS_PRIVATE and MS_REC


def confined(setup: str, flags: str) -> tuple[str, ...]:
    """The command, to be run after `setup` in new namespaces: `os.CLONE_NEWNET`."""
    return (sys.executable, "-c", _ENTER.format(flags=flags, setup=setup), *COMMAND)


@cache
def may_make_namespaces() -> bool:
    child = os.fork()
    if child == 0:
        flags = os.CLONE_NEWNET | os.CLONE_NEWNS | (os.CLONE_NEWUSER if os.geteuid() else 0)
        os._exit(1 if ctypes.CDLL(None).unshare(flags) else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
