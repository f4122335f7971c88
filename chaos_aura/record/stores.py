"""What each store holds of a run, as it was read when the load had ended: `stores.json`; docs/runs.md shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from chaos_aura.core.errors import BadInput

FILE = "stores.json"
POOL, NEO4J, KAFKA = "pool", "neo4j", "kafka"


@dataclass(frozen=True, slots=True)
class Pool:
    """By type, and by allocation: of all that is held, whoever holds it."""

    total: Mapping[str, int] = field(default_factory=dict)
    free: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An allocation in Neo4j."""

    decisions: int
    state: str
    gpu_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stores:
    """`kafka`: by allocation and kind the ids of its events, in order, one that was delivered twice twice.

    `missing`: why a store could not be read; nothing is known of it then. `absent`: what the stack does not have.
    """

    at_ns: int = 0
    pool: Pool = field(default_factory=Pool)
    neo4j: Mapping[str, Recorded] = field(default_factory=dict)
    kafka: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        stores = {POOL: self.pool, NEO4J: self.neo4j, KAFKA: self.kafka}
        return orjson.dumps({"at": self.at_ns, **stores, "missing": self.missing, "absent": self.absent})

    @classmethod
    def of(cls, document: Mapping[str, Any], where: str = FILE) -> "Stores":
        """BadInput when it is none: half a document would look like a loss."""
        try:
            pool = document[POOL]
            return cls(
                int(document["at"]),
                Pool(_numbers(pool["total"]), _numbers(pool["free"]), _texts(pool["held"])),
                {name: _recorded(row) for name, row in document[NEO4J].items()},
                {name: _texts(kinds) for name, kinds in document[KAFKA].items()},
                {str(name): str(why) for name, why in document["missing"].items()},
                tuple(map(str, document["absent"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as cause:
            raise BadInput(
                where, f"does not tell what the stores hold ({cause!r})", "run the experiment again"
            ) from cause


def read_stores(path: Path) -> Stores:
    """BadInput when it is not there, or no such document."""
    try:
        document = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as cause:
        raise BadInput(str(path), f"cannot be read ({cause})", "run the experiment again") from cause
    return Stores.of(document, str(path))


def _recorded(row: Mapping[str, Any]) -> Recorded:
    return Recorded(int(row["decisions"]), str(row["state"]), tuple(map(str, row["gpu_ids"])))


def _numbers(row: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in row.items()}


def _texts(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {str(name): tuple(map(str, texts)) for name, texts in row.items()}
