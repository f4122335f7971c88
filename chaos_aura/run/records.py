"""What has been recorded of a run, read on while it is being written. For one thread."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos_aura.core.operation import Operation
from chaos_aura.record.following import HISTORIES
from chaos_aura.record.history import Unreadable, fold
from chaos_aura.record.lines import Lines
from chaos_aura.record.samples import FILE, parsed
from chaos_aura.run.samples import Samples


class Records:
    """Each line of a file is read once. `unread` lines were torn, or belong to nothing."""

    def __init__(self, folder: Path) -> None:
        self.unread = 0
        self._folder = folder
        self._histories: dict[Path, Lines] = {}
        self._operations: dict[str, Operation] = {}
        self._samples = Lines(folder / FILE)
        self._rows: list[Mapping[str, Any]] = []

    def operations(self) -> list[Operation]:
        """All, also those under way, in the order in which they were meant to begin."""
        for path in sorted(self._folder.glob(HISTORIES)):
            self._histories.setdefault(path, Lines(path))
        for file in self._histories.values():
            for line in file.read_on():
                try:
                    fold(self._operations, line)
                except Unreadable:
                    self.unread += 1
        return sorted(self._operations.values(), key=lambda each: each.due_ns)

    def samples(self) -> Samples:
        self._rows += parsed(self._samples.read_on())
        return Samples(tuple(self._rows))
