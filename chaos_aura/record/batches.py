"""A run's history and what its stores hold, some allocations at a time, each with all that is known of it.

In one batch where that is small. Else in several, sorted out by files: memory is bounded, however long the run was.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from chaos_aura.core.errors import BadInput
from chaos_aura.core.operation import Operation, Outcome
from chaos_aura.record.buckets import Buckets, Sorter, sorter_for
from chaos_aura.record.history import Unreadable, fold, read_history
from chaos_aura.record.rows import Rows, file_of, lines_in

MOST_BYTES = 16 * 1024 * 1024  # of files, in one batch; as objects they take about ten times as much
_OPERATION = "operation"


@dataclass
class Batch:
    """`unread`: lines of the history that were torn, or belong to nothing."""

    operations: tuple[Operation, ...] = ()
    rows: Rows = field(default_factory=Rows)
    unread: int = 0


@contextmanager
def batches(
    folder: Path, stores: Iterable[str], most_bytes: int = MOST_BYTES
) -> Iterator[tuple[Iterator[Batch], Sorter]]:
    """Of the run in that folder; only these stores are read. BadInput when one has no lines, or others than it should.

    The sorter is for whoever has as many lines of another kind to sort.
    """
    source = _Source(folder, tuple(stores))
    with sorter_for(source.size, most_bytes) as sorter:
        yield (source.whole() if sorter.count == 1 else source.sorted_out(sorter)), sorter


class _Source:
    def __init__(self, folder: Path, stores: Sequence[str]) -> None:
        self._folder = folder
        self._stores = stores
        self._histories = sorted(folder.glob("history-*.jsonl"))

    @property
    def size(self) -> int:
        paths = (*self._histories, *(self._folder / file_of(each) for each in self._stores))
        return sum(path.stat().st_size for path in paths if path.exists())

    def whole(self) -> Iterator[Batch]:
        history = read_history(self._histories)
        rows = Rows()
        for store, line, where in self._lines():
            _take(rows, store, line, where)
        yield Batch(history.operations, rows, history.unread)

    def sorted_out(self, sorter: Sorter) -> Iterator[Batch]:
        """First by operation, of which the end does not tell the request; then by request."""
        by_operation, by_request = sorter.buckets("operations"), sorter.buckets("requests")
        unread = sum(_told_apart(path, by_operation) for path in self._histories)
        for lines in by_operation.each():
            operations: dict[str, Operation] = {}
            unread += sum(not _folded(operations, line) for line in lines)
            for each in operations.values():
                by_request.add(each.request_id.encode(), _tagged(_OPERATION, orjson.dumps(each)))
        for store, line, where in self._lines():
            by_request.add(_id_of(line, where), _tagged(store, line))
        for lines in by_request.each():
            yield _batch(lines, unread)
            unread = 0

    def _lines(self) -> Iterator[tuple[str, bytes, str]]:
        """Each with its store, and where it stands."""
        for store in self._stores:
            for number, line in enumerate(lines_in(self._folder, store), 1):
                yield store, line, f"{self._folder / file_of(store)}, line {number}"


def _told_apart(path: Path, by_operation: Buckets) -> int:
    unread = 0
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                try:
                    by_operation.add(str(orjson.loads(line)["op"]).encode(), line.rstrip(b"\n") + b"\n")
                except (ValueError, KeyError, TypeError):
                    unread += 1
    return unread


def _folded(operations: dict[str, Operation], line: bytes) -> bool:
    try:
        fold(operations, line)
    except Unreadable:
        return False
    return True


def _batch(lines: Iterable[bytes], unread: int) -> Batch:
    operations, rows = [], Rows()
    for tagged in lines:
        tag, _, line = tagged.partition(b" ")
        if tag == _OPERATION.encode():
            operations.append(_operation(line))
        else:
            _take(rows, tag.decode(), line, "a store")
    operations.sort(key=lambda each: each.due_ns)
    return Batch(tuple(operations), rows, unread)


def _operation(line: bytes) -> Operation:
    row = orjson.loads(line)
    outcome = row.pop("outcome")
    return Operation(**row, outcome=outcome if outcome is None else Outcome(outcome))


def _id_of(line: bytes, where: str) -> bytes:
    try:
        return str(orjson.loads(line)["id"]).encode()
    except (ValueError, KeyError, TypeError) as cause:
        raise _no_row(where, cause) from cause


def _take(rows: Rows, store: str, line: bytes, where: str) -> None:
    try:
        rows.add(store, line)
    except ValueError as cause:
        raise _no_row(where, cause) from cause


def _no_row(where: str, cause: Exception) -> BadInput:
    return BadInput(where, f"does not tell what the store holds ({cause})", "run the experiment again")


def _tagged(tag: str, line: bytes) -> bytes:
    return tag.encode() + b" " + line.rstrip(b"\n") + b"\n"
