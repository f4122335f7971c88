"""What a store holds of one allocation, a line each, in `stores-neo4j.jsonl`, `-kafka.jsonl` and `-temporal.jsonl`:

    {"id": "01kb7q9x3m-17", "decisions": 1, "state": "released", "gpu_ids": ["a100-0"], "tenant": "01kb7q9x3m-t3",
     "decided_at_ms": 1795000000000, "outcome": "approved"}
    {"id": "01kb7q9x3m-17", "kind": "granted", "event": "01kb7q9x3m-17:allocation.granted", "partition": 2,
     "offset": 4711, "tenant": "01kb7q9x3m-t3", "adds": {"granted": 1, "held:a100": 1}, "gpu_ids": ["a100-0"]}
    {"id": "01kb7q9x3m-17", "status": "completed"}

Lines of one allocation are in the order of the store; those of different ones in none.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from chaos_aura.core.errors import BadInput

NEO4J, KAFKA, TEMPORAL = "neo4j", "kafka", "temporal"
UNREADABLE = "unreadable"  # the kind of what is no event
OF_ALLOCATIONS = (NEO4J, KAFKA, TEMPORAL)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An allocation in Neo4j."""

    decisions: int
    state: str
    gpu_ids: tuple[str, ...] = ()
    tenant: str = ""
    decided_at_ms: int = 0
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the event's own. `adds`: by field, what it adds to its tenant's usage. `gpu_ids`: which it names."""

    kind: str
    id: str
    partition: int = 0
    offset: int = 0
    tenant: str = ""
    adds: Mapping[str, int] = field(default_factory=dict)
    gpu_ids: tuple[str, ...] = ()


def file_of(store: str) -> str:
    return f"stores-{store}.jsonl"


def line_of(allocation: str, row: Recorded | Event | str) -> bytes:
    """Of Temporal's the status alone."""
    if isinstance(row, Event):
        told = asdict(row)
        return _line({"id": allocation, "event": told.pop("id"), **told})
    return _line({"id": allocation, **({"status": row} if isinstance(row, str) else asdict(row))})


class RowFile:
    """A store's lines, written beside and put in place when they are whole."""

    def __init__(self, folder: Path, store: str) -> None:
        self._path = folder / file_of(store)
        self._part = folder / f"{file_of(store)}.part"
        self._file: BinaryIO = self._part.open("wb")

    def add(self, allocation: str, row: Recorded | Event | str) -> None:
        self._file.write(line_of(allocation, row))

    def done(self) -> None:
        self._file.close()
        self._part.replace(self._path)

    def drop(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


@contextmanager
def whole(folder: Path, store: str) -> Iterator[RowFile]:
    """In place when it ends well, else as if it had not been."""
    file = RowFile(folder, store)
    try:
        yield file
    except BaseException:
        file.drop()
        raise
    file.done()


@dataclass
class Rows:
    """By allocation, of some of them or all."""

    neo4j: dict[str, Recorded] = field(default_factory=dict)
    kafka: dict[str, tuple[Event, ...]] = field(default_factory=dict)
    temporal: dict[str, str] = field(default_factory=dict)

    def add(self, store: str, line: bytes) -> None:
        """ValueError when it is no such line."""
        try:
            row = orjson.loads(line)
            self._take(store, str(row["id"]), row)
        except (KeyError, TypeError, AttributeError) as cause:
            raise ValueError(f"{type(cause).__name__}: {cause}") from cause

    def _take(self, store: str, name: str, row: Mapping[str, Any]) -> None:
        match store:
            case "neo4j":
                self.neo4j[name] = _recorded(row)
            case "kafka":
                self.kafka[name] = (*self.kafka.get(name, ()), _event(row))
            case _:
                self.temporal[name] = str(row["status"])


def lines_in(folder: Path, store: str) -> Iterator[bytes]:
    """BadInput when there is no such file: half of what was read would look like a loss."""
    path = folder / file_of(store)
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as cause:
        raise BadInput(str(path), f"cannot be read ({cause.strerror})", "run the experiment again") from cause


def _recorded(row: Mapping[str, Any]) -> Recorded:
    return Recorded(
        int(row["decisions"]),
        str(row["state"]),
        tuple(map(str, row["gpu_ids"])),
        str(row["tenant"]),
        int(row["decided_at_ms"]),
        str(row["outcome"]),
    )


def _event(row: Mapping[str, Any]) -> Event:
    adds = {str(name): int(amount) for name, amount in row["adds"].items()}
    return Event(
        str(row["kind"]),
        str(row["event"]),
        int(row["partition"]),
        int(row["offset"]),
        str(row["tenant"]),
        adds,
        tuple(map(str, row["gpu_ids"])),
    )


def _line(told: Mapping[str, Any]) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
