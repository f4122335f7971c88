"""A whole stack as it is, looked at past every injector: what most faults leave would show here.

It does not ask a process for its clock but reads the file that sets it, sees no hard limit, and none of the events on
Kafka's topics, which are never taken back.
"""

import hashlib
import json
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import neo4j
import proxies
import redis
from neo4j.exceptions import DriverError, Neo4jError
from standing_reaper import helpers_in

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.running import RunningStack

_WITHIN_S = 5
_STOPPED = ("T", "t")
_CONTROLLERS = ("cpu", "memory")


class Unseen(Exception):
    """A part of it did not answer: nobody can say what is in force there."""


class Scene:
    """Keeps its connection to Neo4j: to open one takes longer than all the rest of a look."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        uri = stack.catalogue.service("neo4j").uri
        self._driver = neo4j.GraphDatabase.driver(uri, connection_timeout=_WITHIN_S, max_transaction_retry_time=0)

    def close(self) -> None:
        self._driver.close()

    def look(self) -> dict[str, Any]:
        """Two that are equal hold the same mechanisms. Unseen when a part cannot be looked at now."""
        stack = self._stack
        try:
            children = stack.supervisor.children()
            processes = {name: child.process for name, child in children.items() if not child.is_job and child.process}
            return {
                "running": sorted(processes),
                "proxies": {name: (each["enabled"], each["toxics"]) for name, each in proxies.proxies(stack).items()},
                "stopped": {name: count for name, process in processes.items() if (count := _stopped(process))},
                "limits": {name: _limits(process) for name, process in processes.items()},
                "groups": {name: _groups(process) for name, process in processes.items()},
                "helpers": list(helpers_in(stack.project.home).values()),
                "files": _files(stack.project.home),
                **_redis(stack),
                "decisions": _decisions(self._driver),
            }
        except (OSError, ChaosAuraError, redis.RedisError, DriverError, Neo4jError) as cause:
            raise Unseen(f"{type(cause).__name__}: {cause}") from cause


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as it was: empty when nothing is left."""
    return {key: (before[key], now[key]) for key in before if before[key] != now[key]}


def _stopped(process: ProcessId) -> int:
    count = 0
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        stat = (task / "stat").read_text(encoding="utf-8", errors="replace")
        count += stat.rpartition(")")[2].split()[0] in _STOPPED
    return count


def _limits(process: ProcessId) -> tuple[int, ...]:
    names = (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)
    return tuple(resource.prlimit(process.pid, name)[0] for name in names)


def _groups(process: ProcessId) -> list[str]:
    lines = Path(f"/proc/{process.pid}/cgroup").read_text(encoding="utf-8").splitlines()
    return sorted(line for line in lines if any(each in line.split(":")[1].split(",") for each in _CONTROLLERS))


def _files(home: Path) -> dict[str, str]:
    """The platform's switches, the clocks, what fills a disk."""
    found = {}
    for path in (home / "flags.json", *(home / "config").glob("*/clock")):
        if path.exists():
            found[str(path.relative_to(home))] = path.read_text(encoding="utf-8").strip()
    found |= {str(path.relative_to(home)): "" for path in (home / "faults" / "fill").glob("*")}
    return found


def _redis(stack: RunningStack) -> dict[str, Any]:
    """Context windows by their bytes, what is kept beside them, and the limit of memory."""
    with redis.Redis.from_url(stack.catalogue.service("redis").uri, socket_timeout=_WITHIN_S) as client:
        windows = {key.decode(): _sum(client.zrange(key, 0, -1)) for key in client.scan_iter("context:*", 1000)}
        notes = sorted(key.decode() for key in client.scan_iter("chaos-aura:*", 1000))
        return {"windows": windows, "notes": notes, "maxmemory": client.config_get("maxmemory")}


def _decisions(driver: neo4j.Driver) -> str:
    query = neo4j.Query("MATCH (d:Decision) RETURN properties(d) AS row ORDER BY elementId(d)", timeout=_WITHIN_S)
    rows = driver.execute_query(query, database_="neo4j").records
    return _sum([json.dumps(row["row"], default=str, sort_keys=True) for row in rows])


def _sum(values: list[Any]) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
