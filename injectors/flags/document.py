"""The flag file: read whole, changed by one at a time, replaced in one step. A file without flags is removed."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import MachineLacks, TargetUnfit
from chaos_aura.core.lock import take

_LOCK = "flags.lock"
_LOCKED_WITHIN_S = 2.0
_TRY_EVERY_S = 0.01

Document = dict[str, Any]


def read(path: Path) -> Document | None:
    """None where there is no file. TargetUnfit when it is not what the platform can read."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise MachineLacks.because(cause) from cause
    except (ValueError, RecursionError) as cause:
        raise TargetUnfit(str(path), "is not JSON", "put it right, or remove it") from cause
    if not isinstance(document, dict):
        raise TargetUnfit(str(path), "does not hold one JSON object", "put it right, or remove it")
    return document


@contextmanager
def changing(path: Path, folder: Path, *, keep_empty: bool) -> Iterator[Document]:
    """What is in it when the block ends is in the file. `folder` holds the lock by which others wait."""
    try:
        with _locked(folder):
            before = read(path)
            document = dict(before or {})
            yield document
            if document != (before or {}):
                _replace(path, document, keep_empty=keep_empty)
    except OSError as cause:
        raise MachineLacks.because(cause) from cause


def _replace(path: Path, document: Document, *, keep_empty: bool) -> None:
    if not document and not keep_empty:
        path.unlink(missing_ok=True)
        return
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        beside.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    until_s = time.monotonic() + _LOCKED_WITHIN_S
    with (folder / _LOCK).open("a", encoding="utf-8") as lock:
        while not take(lock.fileno()):
            if time.monotonic() > until_s:
                why = f"has been held by another process for {_LOCKED_WITHIN_S:g} s"
                raise TargetUnfit(str(folder / _LOCK), why, "wait for it, or end that process")
            time.sleep(_TRY_EVERY_S)
        yield
