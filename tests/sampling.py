"""A sampler as a run starts it, in a folder of a run, and what it has written."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awaiting import wait_until

from chaos_aura.record.samples import read_samples

_ENDS_WITHIN_S = 20


@dataclass
class RunFolder:
    path: Path
    tag: str

    def samples(self, what: str, **like: Any) -> list[dict[str, Any]]:
        rows = read_samples(self.path / "samples.jsonl")
        return [row for row in rows if row["what"] == what and like.items() <= row.items()]


@dataclass
class SamplerProcess:
    run: RunFolder
    process: "subprocess.Popen[str]"

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, command: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def awaits(self, count: int, what: str, since_ns: int, within_s: float = 30, **like: Any) -> list[dict[str, Any]]:
        """So many samples of that kind that were taken after that moment."""

        def seen() -> list[dict[str, Any]]:
            rows = [row for row in self.run.samples(what, **like) if row["at"] > since_ns]
            return rows if len(rows) >= count else []

        return wait_until(seen, within_s, f"{count} samples of {what} {like}")


def make_run(folder: Path, pid: int | None = None) -> RunFolder:
    folder.mkdir()
    tag = f"tag{uuid.uuid4().hex[:10]}"
    told = {"schema": 1, "id": folder.name, "tag": tag, "pid": pid or os.getpid(), "began_ns": time.monotonic_ns()}
    (folder / "run.json").write_text(json.dumps(told))
    return RunFolder(folder, tag)


@contextmanager
def sampling(run: RunFolder, home: Path) -> Iterator[SamplerProcess]:
    """Ready when it is entered, ended by the end of its input when it is left."""
    words = [sys.executable, "-P", "-m", "probes.sampler", str(run.path), str(home)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        sampler = SamplerProcess(run, process)
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield sampler
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(_ENDS_WITHIN_S)
            finally:
                process.kill()
