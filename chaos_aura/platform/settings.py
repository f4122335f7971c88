"""What one process of the platform is told when it starts: who it is, where it listens, how it reaches what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.model import DEFAULT_INVENTORY, GpuType

_REMEDY = "put it right there, or run: chaos-aura down, then chaos-aura up"


@dataclass(frozen=True, slots=True)
class Settings:
    """Sample: {"process": "worker", "home": ".", "listen": "127.0.0.1:4801", "temporal": "127.0.0.1:4802", ...}"""

    process: str  # "api", "worker", "worker-2", "projection"
    home: Path  # spans/, events/ and flags.json lie there
    listen: str  # its own HTTP address: /healthz, /readyz, /metrics
    temporal: str = ""
    neo4j: str = ""  # bolt://host:port
    redis: str = ""  # redis://host:port
    kafka: str = ""
    inventory: Mapping[GpuType, int] = field(default_factory=lambda: DEFAULT_INVENTORY)
    namespace: str = "default"
    context_ttl_s: int = 3600
    pool_history_limit: int = 1000  # events after which the pool continues as new: a new worker replays them first
    otlp_endpoint: str = ""  # spans go there too when it is set
    flags: str = ""  # where flags.json is, when it is not in `home`

    @property
    def listen_host(self) -> str:
        return self.listen.rpartition(":")[0]

    @property
    def listen_port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def flags_path(self) -> Path:
        return Path(self.flags) if self.flags else self.home / "flags.json"


def read_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """BadSettings names the file, the key, and what is wrong with it."""
    told = _document(path)
    known = {each.name for each in fields(Settings)}
    for key in told.keys() - known:
        raise BadSettings(str(path), f"knows no `{key}`", _REMEDY)
    for key in ("process", "home", "listen"):
        if not isinstance(told.get(key), str) or not told[key]:
            raise BadSettings(str(path), f"`{key}` must be a text", _REMEDY)
    _refuse_bad_addresses(path, told)
    told["home"] = Path(told["home"])
    told["inventory"] = _inventory(path, told.get("inventory", dict(DEFAULT_INVENTORY)))
    told.setdefault("otlp_endpoint", environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))
    return Settings(**told)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise BadSettings(str(path), (cause.strerror or "cannot be read").lower(), _REMEDY) from cause
    except ValueError as cause:
        raise BadSettings(str(path), f"is not JSON: {cause}", _REMEDY) from cause
    if not isinstance(document, dict):
        raise BadSettings(str(path), "must hold one JSON object", _REMEDY)
    return document


def _refuse_bad_addresses(path: Path, told: Mapping[str, Any]) -> None:
    for key in ("listen", "temporal", "neo4j", "redis", "kafka"):
        value = told.get(key, "")
        if value and not str(value).rpartition(":")[2].isdigit():
            raise BadSettings(str(path), f"`{key}` is no address with a port: {value!r}", _REMEDY)


def _inventory(path: Path, told: Any) -> dict[GpuType, int]:
    if not isinstance(told, dict) or not told:
        raise BadSettings(str(path), "`inventory` must give a number of GPUs for each type", _REMEDY)
    inventory = {}
    for name, count in told.items():
        if name not in set(GpuType):
            raise BadSettings(str(path), f"`inventory` knows no GPU type {name!r}", f"there are: {', '.join(GpuType)}")
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise BadSettings(str(path), f"`inventory` of {name} must be a whole number, not {count!r}", _REMEDY)
        inventory[GpuType(name)] = count
    return inventory
