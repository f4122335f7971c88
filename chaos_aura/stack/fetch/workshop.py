"""A folder of the cache in which a program is built, gone when the building ends."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.stack.fetch.command import run_command
from chaos_aura.stack.fetch.stop import Stop
from chaos_aura.stack.progress import Progress


@dataclass(frozen=True)
class Workshop:
    folder: Path
    environ: Mapping[str, str]
    progress: Progress
    stop: Stop

    def run(self, argv: Sequence[str], environ: Mapping[str, str]) -> str:
        return run_command(argv, environ, self.folder, self.stop)


@contextmanager
def opened_workshop(parent: Path, environ: Mapping[str, str], progress: Progress, stop: Stop) -> Iterator[Workshop]:
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as folder:
        yield Workshop(Path(folder), environ, progress, stop)
