"""Fetches in processes of their own, and what one must know of any process."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from little_stack import PRODUCTS

from chaos_aura.stack.manifest import Manifest

_CHILD = Path(__file__).parent / "fetch_child.py"
type Process = "subprocess.Popen[str]"


def child_argv(cache: Path, manifest: Manifest, products: Sequence[str] = PRODUCTS, *options: str) -> list[str]:
    written = cache.parent / "manifest.json"
    written.write_text(json.dumps(asdict(manifest)))
    return [sys.executable, str(_CHILD), str(cache), str(written), ",".join(products), *options]


@contextmanager
def started(argv: Sequence[str], environ: Mapping[str, str]) -> Iterator[Process]:
    process = subprocess.Popen(
        argv, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def finished(argv: Sequence[str], environ: Mapping[str, str], timeout_s: float = 60) -> tuple[int, list[str]]:
    """Exit code and the lines it wrote."""
    with started(argv, environ) as process:
        written, _ = process.communicate(timeout=timeout_s)
        return process.returncode, written.splitlines()


def await_line(process: Process, line: str) -> None:
    assert process.stdout is not None
    for said in process.stdout:
        if said.strip() == line:
            return
    raise AssertionError(f"ended without saying: {line}")


def await_that(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """A zombie is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
