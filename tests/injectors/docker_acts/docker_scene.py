"""A container as it is, looked at past every injector: what is done to it shows here."""

import resource
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker_victims import Victims
from standing_reaper import helpers_in

from chaos_aura.containers.container import Container
from chaos_aura.containers.inside import run_inside
from chaos_aura.core.errors import ChaosAuraError

_LOOK = ("sh", "-c", "ls -A /data 2> /dev/null; cat /clock 2> /dev/null || echo +0.000")
_LIMITS = (
    ("cpu", "cpu.cfs_quota_us", "cpu.max"),
    ("memory", "memory.limit_in_bytes", "memory.max"),
    ("pids", "pids.max", "pids.max"),
)
_LISTED = "iptables-save -t filter; ip6tables-save -t filter; tc qdisc"
_MUCH = 1 << 40


class Unseen(Exception):
    """It did not answer: nobody can say what is in force there."""


def look(these: Victims) -> dict[str, Any]:
    """Two that are equal hold the same mechanisms."""
    try:
        now = these.now()
        inside = run_inside(these.engine, now, _LOOK).said.split() if now.status == "running" else []
    except ChaosAuraError as cause:
        raise Unseen(str(cause)) from cause
    return {
        "status": str(now.status),
        "is_stopped": _state(now) == "T",
        "helpers": list(helpers_in(these.home).values()),
        "inside": inside,
        "groups": {name: _group(now, files) for name, *files in _LIMITS},
        "limits": _limits(now),
        "oom_score_adj": _score(now),
        "network": _network(now),
    }


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in now.items() if value != before[key]}


def _group(now: Container, files: list[str]) -> str:
    top = Path("/sys/fs/cgroup")
    try:
        for path in (*top.glob(f"*/docker/{now.id}/{files[0]}"), *top.glob(f"**/*{now.id}*/{files[1]}")):
            return _plain(path.read_text(encoding="ascii").split()[0])
    except OSError as cause:
        raise Unseen(str(cause)) from cause
    return ""


def _state(now: Container) -> str:
    try:
        return Path(f"/proc/{now.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _score(now: Container) -> str:
    """Of the process that it has; who comes next begins as it was configured."""
    try:
        return Path(f"/proc/{now.pid}/oom_score_adj").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _network(now: Container) -> list[str]:
    """Rules and queues in its own. Where it has just ended there are none."""
    if not now.pid:
        return []
    argv = ["nsenter", "-t", str(now.pid), "-n", "sh", "-c", _LISTED]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return sorted(line for line in done.stdout.splitlines() if line.startswith(("-A", "qdisc")))


def _plain(word: str) -> str:
    """As much as it likes is told in many ways."""
    return "max" if word == "-1" or (word.isdecimal() and int(word) > _MUCH) else word


def _limits(now: Container) -> list[int]:
    try:
        return [resource.prlimit(now.pid, each)[0] for each in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)]
    except (ProcessLookupError, ValueError):
        return []
