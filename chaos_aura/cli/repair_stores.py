"""What the stores lack, and writing it again: done by a process of the platform, which knows how."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from chaos_aura.core.errors import BadInput, NotAnswered

_WITHIN_S = 900.0  # a stop of last resort: each store has limits of its own
_BAD_QUESTION = 2
_WHERE = "repair"


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress("writing", 3, 7): three of seven things are there again."""

    doing: str
    repaired: int
    items: int


def repair_stores(question: Mapping[str, Any], told: Callable[[Progress], None]) -> Mapping[str, Any]:
    """{"looked_at", "items", "left", ...}. NotAnswered without one. The process is gone afterwards."""
    with _child() as child:
        patience = threading.Timer(_WITHIN_S, child.kill)
        patience.start()
        try:
            return _answer(child, json.dumps(question), told)
        finally:
            patience.cancel()
            child.kill()


def _answer(child: "subprocess.Popen[str]", question: str, told: Callable[[Progress], None]) -> Mapping[str, Any]:
    with _of(child.stdin) as asking:
        asking.write(question)
    for line in _of(child.stdout):
        document = json.loads(line)
        if "schema" in document:
            return dict(document)
        told(Progress(document["progress"], document["repaired"], document["items"]))
    complaint = next(reversed(_of(child.stderr).read().strip().splitlines()), "ended without an answer")
    if child.wait() == _BAD_QUESTION:
        raise BadInput(_WHERE, complaint, "look at run.json of that run")
    raise NotAnswered(_WHERE, complaint, "run it again; what is there by now is not written twice")


def _child() -> "subprocess.Popen[str]":
    """In a session of its own: who is interrupted first hears how far it came, and then ends it."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "chaos_aura.platform.repair"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True,
    )  # fmt: skip


def _of(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise AssertionError("every stream is a pipe")
    return pipe
