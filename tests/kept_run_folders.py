"""Folders of runs as they are kept, with results or without."""

import json
from pathlib import Path
from typing import Any

from run_results import result_of


def keep(home: Path, run_id: str, outcome: str | None, **others: Any) -> Path:
    """Without an outcome it goes on still, or was killed."""
    folder = home / "runs" / run_id
    folder.mkdir(parents=True)
    told = {"schema": 1, "id": run_id, "title": f"the title of {run_id}", "began_at": "2026-11-29T09:30:12.120+00:00"}
    (folder / "run.json").write_text(json.dumps(told), encoding="utf-8")
    if outcome:
        result = result_of(outcome) | {"id": run_id, "folder": str(folder)} | others
        (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    latest = home / "runs" / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(run_id)
    return folder
