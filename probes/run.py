"""The run that an experiment is in: its folder, and what its first file says of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chaos_aura.core.errors import BadInput

VARIABLE = "CHAOS_AURA_RUN"
FILE = "run.json"
FINDINGS = "findings.json"


@dataclass(frozen=True, slots=True)
class Run:
    """`tag` begins every tenant and request of it; `pid` is the process that runs the experiment."""

    folder: Path
    tag: str
    pid: int
    began_ns: int

    @classmethod
    def of(cls, folder: Path) -> "Run":
        """BadInput when it is no run's."""
        path = folder / FILE
        try:
            told = orjson.loads(path.read_bytes())
            return cls(folder, _tag(told["tag"]), int(told["pid"]), int(told["began_ns"]))
        except (OSError, KeyError, TypeError, ValueError) as cause:
            raise BadInput(str(path), f"does not tell of a run ({cause!r})", "name the folder of a run") from cause

    @classmethod
    def current(cls, environ: Mapping[str, str] = os.environ) -> "Run":
        """BadInput outside a run: what is asked for is measured in one only."""
        if not (folder := environ.get(VARIABLE)):
            why = "names no run, and this is measured in one only"
            raise BadInput(VARIABLE, why, "run an experiment whose controls name chaos_aura.toolkit.control")
        return cls.of(Path(folder))

    def finding(self, name: str) -> Any:
        """What has been concluded of the run so far under that name; None when nothing was."""
        path = self.folder / FINDINGS
        try:
            return orjson.loads(path.read_bytes()).get(name)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, AttributeError) as cause:
            raise BadInput(str(path), f"cannot be read ({cause})", "run the experiment again") from cause


def _tag(told: Any) -> str:
    """An empty one would begin every name there is."""
    if not isinstance(told, str) or not told:
        raise ValueError(f"its tag is {told!r}")
    return told
