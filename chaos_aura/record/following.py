"""The histories of a run while they are being written: each operation once, when it has ended."""

from pathlib import Path

from chaos_aura.core.operation import Operation
from chaos_aura.record.history import Unreadable, fold
from chaos_aura.record.lines import Lines

HISTORIES = "history-*.jsonl"


class Following:
    """Of one run's folder. It remembers only what is under way."""

    def __init__(self, folder: Path) -> None:
        self.unread = 0
        self._folder = folder
        self._files: dict[Path, Lines] = {}
        self._under_way: dict[str, Operation] = {}

    def read_on(self) -> list[Operation]:
        """Those that have ended since."""
        for path in sorted(self._folder.glob(HISTORIES)):
            self._files.setdefault(path, Lines(path))
        return [ended for file in self._files.values() for ended in self._ended(file)]

    def _ended(self, file: Lines) -> list[Operation]:
        ended = []
        for line in file.read_on():
            try:
                operation = fold(self._under_way, line)
            except Unreadable:
                self.unread += 1
                continue
            if operation.outcome is not None:
                ended.append(self._under_way.pop(operation.id))
        return ended
