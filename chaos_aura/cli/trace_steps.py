"""The steps of one request, out of what the platform's processes have written of all their steps."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

_LONGEST_LINE = 256 * 1024


@dataclass(frozen=True, slots=True)
class TracedStep:
    """Sample: TracedStep("9a3b...", "77d0...", "6f1c...", "take GPUs", "pool", "worker", 1795266629922593125, 8123,
    "ok", "", {"gpu_type": "a100"}, {"gpu_ids": ["a100-0"]}, {})
    """

    span_id: str
    parent: str | None
    trace_id: str
    name: str
    component: str
    process: str
    start_ns: int
    duration_us: int
    status: str
    error: str
    input: dict[str, Any] | None
    output: dict[str, Any] | None
    attributes: dict[str, Any] | None

    @property
    def is_ok(self) -> bool:
        return self.status == "ok"


def read_steps(folder: Path, request_id: str) -> tuple[TracedStep, ...]:
    """By start. Of a file's lines only those that are wanted are ever in memory."""
    found: dict[str, TracedStep] = {}
    for path in _files(folder):
        with suppress(FileNotFoundError), path.open("rb") as file:
            for line in iter(lambda: file.readline(_LONGEST_LINE), b""):
                for step in _steps_in(line, request_id):
                    found[step.span_id] = step
    return tuple(sorted(found.values(), key=lambda step: (step.start_ns, -step.duration_us)))


def _files(folder: Path) -> list[Path]:
    """A process's current file before its former one: moved between the two readings, it is read twice, not missed."""
    files = sorted(folder.glob("*.ndjson"))
    return [path for path in files if "." not in path.stem] + [path for path in files if "." in path.stem]


def _steps_in(line: bytes, request_id: str) -> Iterator[TracedStep]:
    """None of another's line, nor of one that a crash or a full disk has torn."""
    if request_id.encode("utf-8", "surrogateescape") not in line:
        return
    try:
        told = json.loads(line)
        if told["request_id"] == request_id:
            yield TracedStep(**{each.name: told.get(each.name) for each in fields(TracedStep)})
    except (ValueError, KeyError, TypeError):
        return
