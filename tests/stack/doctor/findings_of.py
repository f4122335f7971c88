"""Runs the real command in a process of its own and gives what it found, by subject."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "-m", "chaos_aura.cli.main", "doctor", "--json")
_WITHIN_S = 60


@dataclass(frozen=True)
class Answer:
    code: int
    document: dict[str, Any]

    def __getitem__(self, subject: str) -> dict[str, Any]:
        [one] = [row for row in self.document["findings"] if row["subject"] == subject]
        return dict(one)


def doctor(
    project: Path,
    *options: str,
    command: tuple[str, ...] = COMMAND,
    environ: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
) -> Answer:
    given = {name: value for name, value in os.environ.items() if name not in without}
    given |= {"CHAOS_AURA_PROJECT": str(project), **(environ or {})}
    done = subprocess.run(
        [*command, *options], env=given, cwd=project, capture_output=True, text=True, timeout=_WITHIN_S, check=False
    )
    assert done.stdout, f"exit {done.returncode}: {done.stderr}"
    return Answer(done.returncode, json.loads(done.stdout))
