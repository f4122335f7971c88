"""What the stores hold of a run, as it was read when the load had ended: `stores.json`, and beside it the lines of each
allocation (`rows.py`). docs/runs.md shows both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from chaos_aura.core.errors import BadInput

FILE = "stores.json"
POOL, REDIS, USAGE = "pool", "redis", "usage"
_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Pool:
    """By type, and by allocation: of all that is held, whoever holds it."""

    total: Mapping[str, int] = field(default_factory=dict)
    free: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """A decision as a context remembers it."""

    allocation: str
    decided_at_ms: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Context:
    """A tenant's window in Redis, as it lies there. `damaged`: why it is none."""

    past: tuple[Past, ...] = ()
    damaged: str = ""


@dataclass(frozen=True)
class Stores:
    """`contexts` and `usage`: by tenant of the run; of usage what each field has come to.

    `missing`: why a store could not be read; nothing is known of it then. `absent`: what the stack does not have.
    """

    at_ns: int = 0
    pool: Pool = field(default_factory=Pool)
    contexts: Mapping[str, Context] = field(default_factory=dict)
    usage: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def is_read(self, store: str) -> bool:
        return store not in self.missing and store not in self.absent

    def to_json(self) -> bytes:
        stores = {POOL: self.pool, REDIS: self.contexts, USAGE: self.usage}
        head = {"schema": _SCHEMA, "at": self.at_ns}
        return orjson.dumps({**head, **stores, "missing": self.missing, "absent": self.absent})

    @classmethod
    def of(cls, document: Mapping[str, Any], where: str = FILE) -> "Stores":
        """BadInput when it is none: half a document would look like a loss."""
        try:
            pool = document[POOL]
            _require_schema(document)
            return cls(
                int(document["at"]),
                Pool(_numbers(pool["total"]), _numbers(pool["free"]), _texts(pool["held"])),
                {str(tenant): _context(row) for tenant, row in document[REDIS].items()},
                {str(tenant): _numbers(row) for tenant, row in document[USAGE].items()},
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


def _require_schema(document: Mapping[str, Any]) -> None:
    if document["schema"] != _SCHEMA:
        raise ValueError(f"schema {document['schema']!r}, known is {_SCHEMA}")


def _context(row: Mapping[str, Any]) -> Context:
    past = (Past(str(each["allocation"]), int(each["decided_at_ms"]), str(each["outcome"])) for each in row["past"])
    return Context(tuple(past), str(row["damaged"]))


def _numbers(row: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in row.items()}


def _texts(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {str(name): tuple(map(str, texts)) for name, texts in row.items()}
