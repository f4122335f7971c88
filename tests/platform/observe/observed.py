"""What observed processes have written, and such processes themselves."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_WITHIN_S = 60
_BEGIN = """
import sys
from pathlib import Path
from chaos_aura.platform import observe
from chaos_aura.platform.observe.logs import bound, get_logger
from chaos_aura.platform.observe.spans import step
from chaos_aura.platform.settings import Settings
observer = observe.start(Settings(sys.argv[1], Path(sys.argv[2]), "127.0.0.1:1"))
"""


def observed_home(folder: Path) -> Path:
    home = folder / ".chaos-aura"
    home.mkdir()
    return home


def run_observed(process: str, home: Path, code: str, **options: Any) -> str:
    """`code` in a process of its own. What it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{_BEGIN}{code}\nobserver.close()\n", process, str(home)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        timeout=_WITHIN_S,
        check=False,
        **options,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout or ""


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def spans_of(home: Path, process: str = "worker") -> list[dict[str, Any]]:
    return lines_of(home / "spans" / f"{process}.ndjson")


def events_of(home: Path, process: str = "worker") -> list[dict[str, Any]]:
    return lines_of(home / "events" / f"{process}.ndjson")
