"""What the stores hold of a request: asked by a process of the platform, which knows how to read them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.stack.running import RunningStack

STORES = ("temporal", "pool", "neo4j", "redis", "kafka")
_ASKED = ("temporal", "neo4j", "redis", "kafka")
_WITHIN_S = 60.0  # a stop of last resort: each store has a limit of its own


class AskedStores:
    """`answers` waits for them."""

    def __init__(self, child: "subprocess.Popen[str] | None", question: str, why_not: str) -> None:
        self._child = child
        self._question = question
        self._why_not = why_not

    def answers(self) -> Mapping[str, Any]:
        """By store, each {"state", "why", "held"}."""
        if self._child is None:
            return _all_away(self._why_not)
        try:
            told, complaint = self._child.communicate(self._question, timeout=_WITHIN_S)
            return dict(json.loads(told)["stores"])
        except subprocess.TimeoutExpired:
            return _all_away(f"not asked to the end within {_WITHIN_S:g} s")
        except (ValueError, KeyError):
            last = next(reversed(complaint.strip().splitlines()), f"ended with {self._child.returncode}")
            return _all_away(f"could not be asked: {last}")


@contextmanager
def ask_stores(project: Project, request_id: str) -> Iterator[AskedStores]:
    """Begins at once. The process is gone afterwards, whatever happens."""
    try:
        catalogue = RunningStack.of(project).catalogue
    except ChaosAuraError as down:
        yield AskedStores(None, "", f"{down.where}: {down.why}")
        return
    with _child() as child:
        try:
            yield AskedStores(child, _question(catalogue, request_id), "")
        finally:
            child.kill()


def _child() -> "subprocess.Popen[str]":
    command = [sys.executable, "-P", "-m", "chaos_aura.platform.trace"]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


def _question(catalogue: Catalogue, request_id: str) -> str:
    """Direct addresses: a fault on an edge does not blind whoever looks."""
    uris = {service.name: service.uri for service in catalogue.services if service.name in _ASKED}
    return json.dumps({"request_id": request_id, **uris})


def _all_away(why: str) -> dict[str, Any]:
    return {store: {"state": "away", "why": why, "held": {}} for store in STORES}
