"""A container as its engine describes it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from chaos_aura.core.address import Address
from chaos_aura.core.process import ProcessId

PROJECT, SERVICE, NUMBER, ONE_OFF = (
    "com.docker.compose.project",
    "com.docker.compose.service",
    "com.docker.compose.container-number",
    "com.docker.compose.oneoff",
)
_NEVER = "0001-01-01"


class Status(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Network:
    """One that it is in. `aliases` are the names by which others of that network find it."""

    id: str
    address: str
    aliases: tuple[str, ...]
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """`id` is of this container; one that was recreated has another. `started_at` tells its lives apart."""

    id: str
    name: str
    image: str
    status: Status
    pid: int
    started_at: str
    exit_code: int
    oom_killed: bool
    restarts: int
    health: str
    labels: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    published: Mapping[int, Address] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Container":
        """From what `inspect` tells."""
        state, config = document["State"], document["Config"]
        return cls(
            id=document["Id"],
            name=document["Name"].lstrip("/"),
            image=document["Image"],
            status=Status(state["Status"]),
            pid=int(state.get("Pid") or 0),
            started_at="" if str(state["StartedAt"]).startswith(_NEVER) else state["StartedAt"],
            exit_code=int(state.get("ExitCode") or 0),
            oom_killed=bool(state.get("OOMKilled")),
            restarts=int(document.get("RestartCount") or 0),
            health=str((state.get("Health") or {}).get("Status", "")),
            labels=dict(config.get("Labels") or {}),
            networks=_networks(document),
            published=_published(document),
            document=document,
        )

    @property
    def project(self) -> str:
        return self.labels.get(PROJECT, "")

    @property
    def service(self) -> str:
        """By compose; without it, it is its own."""
        return self.labels.get(SERVICE) or self.name

    @property
    def is_one_off(self) -> bool:
        """Somebody's `docker compose run`: made from a service, and none of its containers."""
        return self.labels.get(ONE_OFF, "").lower() == "true"

    @property
    def number(self) -> int:
        number = self.labels.get(NUMBER, "1")
        return int(number) if number.isdecimal() else 1

    @property
    def is_running(self) -> bool:
        """It has a process; that may be frozen."""
        return self.status in (Status.RUNNING, Status.PAUSED)

    @property
    def life(self) -> str:
        """Changes with each start, and with each new container: `4f2a... since 2026-11-30T02:31:44.1Z`."""
        return f"{self.id[:12]} since {self.started_at}"

    @property
    def process(self) -> ProcessId | None:
        """Its first process, as this machine numbers it. None when it does not run, or runs on another machine, whose
        numbers mean strangers here."""
        process = ProcessId.of(self.pid) if self.pid else None
        return process if process and self._holds(process.pid) else None

    def _holds(self, pid: int) -> bool:
        """By the control group, which its engine names for it."""
        with suppress(OSError):
            return self.id in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8", errors="replace")
        return False

    @property
    def host_config(self) -> Mapping[str, Any]:
        """Limits, restart policy, mounts, as it was created or updated."""
        return dict(self.document["HostConfig"])

    @property
    def comes_back(self) -> bool:
        """Whether its engine starts it again when its process ends by itself."""
        return str((self.host_config.get("RestartPolicy") or {}).get("Name") or "no") != "no"


def _networks(document: Mapping[str, Any]) -> dict[str, Network]:
    rows = (document.get("NetworkSettings") or {}).get("Networks") or {}
    return {
        name: Network(
            str(row.get("NetworkID") or ""),
            str(row.get("IPAddress") or ""),
            tuple(row.get("Aliases") or ()),
            str(row.get("MacAddress") or ""),
        )
        for name, row in rows.items()
    }


def _published(document: Mapping[str, Any]) -> dict[int, Address]:
    """By port inside, TCP only, where it can be met from this machine."""
    rows = (document.get("NetworkSettings") or {}).get("Ports") or {}
    found: dict[int, Address] = {}
    for inside, outside in rows.items():
        port, _, protocol = inside.partition("/")
        if protocol == "tcp" and outside:
            host = outside[0]["HostIp"]
            found[int(port)] = Address(
                "127.0.0.1" if host in ("", "0.0.0.0", "::") else host, int(outside[0]["HostPort"])
            )
    return found
