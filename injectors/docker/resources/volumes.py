"""Volumes: whether there is one still, what is in it, who else has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.containers.container import PROJECT, Container
from chaos_aura.containers.engine import Engine, NoSuchContainer


@dataclass(frozen=True)
class Volumes:
    engine: Engine

    def inspect(self, name: str) -> Mapping[str, Any]:
        """NoSuchContainer when it was removed."""
        with self.engine.talking(f"volume {name}"):
            return dict(self.engine.api.inspect_volume(name))

    def keeps(self, name: str) -> bool:
        """What somebody has put into it. What is in memory lasts as long as somebody has it mounted."""
        try:
            in_memory = is_in_memory(self.inspect(name))
            with self.engine.talking(f"volume {name}"):
                users = self.engine.api.containers(filters={"volume": name})
        except NoSuchContainer:
            return False
        return bool(users) or not in_memory

    def strangers(self, name: str, now: Container) -> tuple[str, ...]:
        """Names of containers that have it, running or not, and are not of the same project."""
        with self.engine.talking(f"volume {name}"):
            rows = self.engine.api.containers(all=True, filters={"volume": name})
        others = (row for row in rows if row["Id"] != now.id)
        return tuple(
            str((row.get("Names") or [row["Id"][:12]])[0]).lstrip("/")
            for row in others
            if not now.project or (row.get("Labels") or {}).get(PROJECT) != now.project
        )


def is_in_memory(volume: Mapping[str, Any]) -> bool:
    return (volume.get("Options") or {}).get("type") == "tmpfs"
