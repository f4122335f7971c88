"""What Toxiproxy calls a toxic, and a proxy as it tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UPSTREAM, DOWNSTREAM = "upstream", "downstream"


@dataclass(frozen=True, slots=True)
class Toxic:
    """`Toxic("chaos-01K9XM3Q7V4T8ZB2RD-down", "latency", "downstream", {"latency": 200, "jitter": 0})`"""

    name: str
    type: str
    stream: str
    attributes: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "type": self.type, "stream": self.stream, "attributes": dict(self.attributes)}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Toxic":
        return cls(str(row["name"]), str(row["type"]), str(row["stream"]), dict(row["attributes"]))


@dataclass(frozen=True, slots=True)
class ProxyState:
    name: str
    enabled: bool
    toxics: tuple[Toxic, ...]

    def others(self, ours: tuple[Toxic, ...]) -> tuple[str, ...]:
        """What else hurts this proxy: another fault, or somebody with `curl`."""
        names = {toxic.name for toxic in ours}
        return tuple(f"{toxic.type} `{toxic.name}`" for toxic in self.toxics if toxic.name not in names)
