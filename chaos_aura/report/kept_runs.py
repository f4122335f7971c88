"""The runs whose folders are kept in `.chaos-aura/runs`, and one of them by its id or how that begins."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import BadInput

RUNS = "runs"
LATEST = "latest"
_RUN, _RESULT = "run.json", "result.json"
_MOST_NAMED = 5


@dataclass(frozen=True)
class KeptRun:
    """`result` is None while it goes on, and of a run that was killed."""

    folder: Path
    told: Mapping[str, Any]
    result: Mapping[str, Any] | None

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def began_at(self) -> str:
        began_at = (self.result or {}).get("began_at") or self.told.get("began_at")
        return began_at if isinstance(began_at, str) else ""

    @property
    def tag(self) -> str:
        """With which the ids of all its allocations begin. BadInput when it is not known."""
        tag = self.told.get("tag")
        if not isinstance(tag, str) or not tag:
            raise BadInput(str(self.folder / _RUN), "has no `tag`", "name another run (see: chaos-aura runs)")
        return tag

    @property
    def why_no_result(self) -> str:
        return "cannot be read" if (self.folder / _RESULT).exists() else "is not there: it goes on still, or was killed"


def kept_runs(home: Path) -> tuple[KeptRun, ...]:
    """Newest first: their ids begin with the time at which they began."""
    folder = home / RUNS
    if not folder.is_dir():
        return ()
    kept = [each for each in folder.iterdir() if each.is_dir() and not each.is_symlink()]
    runs = [KeptRun(each, _read(each / _RUN) or {}, _read(each / _RESULT)) for each in kept]
    return tuple(sorted(runs, key=lambda run: run.id, reverse=True))


def chosen(runs: Sequence[KeptRun], wanted: str) -> KeptRun:
    if not runs:
        raise BadInput(wanted or "(empty id)", "no run is kept here", "run one: chaos run EXPERIMENT")
    if wanted == LATEST:
        return runs[0]
    fitting = [run for run in runs if wanted and run.id.startswith(wanted)]
    exact = [run for run in fitting if run.id == wanted]
    if len(found := exact or fitting) == 1:
        return found[0]
    if found:
        raise BadInput(wanted, f"means {len(found)} runs", f"write more of it: {_named(found)}")
    raise BadInput(wanted or "(empty id)", "no such run is kept here", f"there are: {_named(runs)}")


def _named(runs: Iterable[KeptRun]) -> str:
    ids = [run.id for run in runs]
    more = f" and {len(ids) - _MOST_NAMED} more (see: chaos-aura runs)" if len(ids) > _MOST_NAMED else ""
    return ", ".join(ids[:_MOST_NAMED]) + more


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
