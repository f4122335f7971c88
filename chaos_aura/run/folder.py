"""The folder of one run, and where everything in it lies; docs/runs.md tells what each file is."""

import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import MachineLacks

RUNS = "runs"
LATEST = "latest"
VARIABLE = "CHAOS_AURA_RUN"  # whose run it is, for probes in the same process
_LONGEST_NAME = 40
_TRIES = 100


@dataclass(frozen=True, slots=True)
class RunFolder:
    path: Path

    @classmethod
    def make(cls, home: Path, name: str, began: datetime) -> "RunFolder":
        """A new one: two runs that begin in the same second have two."""
        stem = f"{began.astimezone(UTC):%Y%m%dT%H%M%S}-{_plain(name)}"
        try:
            (home / RUNS).mkdir(mode=0o700, parents=True, exist_ok=True)
            for number in range(1, _TRIES):
                path = home / RUNS / (stem if number == 1 else f"{stem}-{number}")
                with suppress(FileExistsError):
                    path.mkdir(mode=0o700)
                    _point(home / RUNS / LATEST, path.name)
                    return cls(path)
        except OSError as cause:
            raise MachineLacks.because(cause) from cause
        raise MachineLacks(str(home / RUNS), f"holds {_TRIES} runs of one second", "wait a moment, then run it again")

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def about(self) -> Path:
        return self.path / "run.json"

    @property
    def timeline(self) -> Path:
        return self.path / "timeline.jsonl"

    @property
    def samples(self) -> Path:
        return self.path / "samples.jsonl"

    @property
    def stores(self) -> Path:
        return self.path / "stores.json"

    @property
    def findings(self) -> Path:
        """What the control has found so far, for probes of the hypothesis."""
        return self.path / "findings.json"

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def journal(self) -> Path:
        return self.path / "journal.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def spans(self) -> Path:
        return self.path / "spans"

    def log(self, of: str) -> Path:
        """Of a process that the run itself starts."""
        return self.path / f"{of}.log"

    def histories(self) -> tuple[Path, ...]:
        return tuple(sorted(self.path.glob("history-*.jsonl")))

    def write(self, path: Path, document: Mapping[str, Any]) -> None:
        """Whole or not at all."""
        partial = path.with_suffix(".part")
        try:
            partial.write_text(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
            partial.replace(path)
        except OSError as cause:
            raise MachineLacks.because(cause, str(path)) from cause


def new_tag() -> str:
    """By which a store's rows of this run are found: `01kb7q9x3m`."""
    return secrets.token_hex(5)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:_LONGEST_NAME] or "run"


def _point(link: Path, name: str) -> None:
    """For people: that the newest cannot be linked to stops no run."""
    fresh = link.with_name(f"{LATEST}.{os.getpid()}")
    with suppress(OSError):
        fresh.symlink_to(name)
        fresh.replace(link)
