"""A lock file left behind, as by a process that died. Programs that respect it do not start.

An injector of somebody else's, whole: a kind of its own, an undo for any process to use, proofs that look at the file.
"""

import os
from pathlib import Path
from typing import ClassVar

from chaos_aura.core.catalogue import Service, Target
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.kind import Kind, Parameter
from chaos_aura.faults.ground import Ground


class StaleLockInjector:
    name: ClassVar[str] = "stale-lock"
    kinds: ClassVar[frozenset[str]] = frozenset({"stale_lock"})
    settle_s: ClassVar[float] = 0.0  # a system call is over when it returns: nothing can still be under way
    own_kinds: ClassVar[tuple[Kind, ...]] = (
        Kind(
            "stale_lock",
            "leave a lock file behind, as a process that died would",
            (Parameter("file", str, "its name, in the folder of the service's data", default="service.lock"),),
        ),
    )

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def can(self, fault: Fault, target: Target) -> Capability:
        if not isinstance(target, Service):
            return no(f"{target.name} is an edge, which has no data", "name a service")
        if Path(fault.text("file")).name != fault.text("file"):
            return no(f"{fault.text('file')!r} is not the name of a file", "give a name without a folder")
        return YES

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """Two faults that write the same are never in force together."""
        return Footprint(writes=frozenset({f"lock file {fault.text('file')} of {target.name}"}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        """No effect. What healing needs is written here, and nowhere else."""
        path = self._ground.home / "data" / target.name / fault.text("file")
        if path.exists():
            raise TargetUnfit(str(path), "is there already", "remove it, or name another file")
        data = {"path": str(path), "content": f"left by {lease_id}\n"}
        return Undo(data, touches=(f"writes {path}",), by_hand=f"rm -f {path}")

    def inject(self, undo: Undo) -> None:
        """Whole or not at all, and never over somebody else's."""
        path = Path(undo.data["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as cause:
            raise TargetUnfit(str(path), "has come into being meanwhile", "remove it, or name another file") from cause
        with os.fdopen(file, "w", encoding="utf-8") as lock:
            lock.write(undo.data["content"])

    def heal(self, undo: Undo) -> None:
        """Only what is ours. An empty file is one that a killed controller could not finish."""
        path = Path(undo.data["path"])
        if _content(path) in (undo.data["content"], ""):
            path.unlink(missing_ok=True)

    def in_force(self, undo: Undo) -> Proof:
        path = Path(undo.data["path"])
        return Proof(_content(path) == undo.data["content"], f"{path.name} holds {_content(path)!r}")

    def gone(self, undo: Undo) -> Proof:
        path = Path(undo.data["path"])
        content = _content(path)
        if content is None:
            return Proof(holds=True, seen=f"{path.name} is not there")
        return Proof(content not in (undo.data["content"], ""), f"{path.name} holds {content!r}")


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
