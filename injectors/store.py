"""A store of the platform as injectors reach it: directly, past every edge, wherever it listens by now."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.core.catalogue import EXTERNAL, Edge, Target
from chaos_aura.core.errors import BadInput, StackDown, TargetUnfit
from chaos_aura.core.fault import Capability, Undo, no
from chaos_aura.faults.ground import Ground
from injectors.packages import are_installed

LARGEST_UNDO_BYTES = 8 * 1024 * 1024
_MB = 1024 * 1024


@dataclass(frozen=True)
class Store:
    """`name` is the service's in the catalogue, `package` the client's."""

    ground: Ground
    name: str
    package: str

    def can(self, target: Target) -> Capability:
        if isinstance(target, Edge):
            return no(f"edge {target.name} holds no data", f"name the service: {self.name}")
        with suppress(StackDown):
            if self.ground.catalogue.stack == EXTERNAL:
                why = f"{target.name} is somebody else's: what data mean is known of our own platform only"
                return no(why, "try it on that: chaos-aura up, in another folder")
        if target.name != self.name:
            return no(f"{target.name} holds none of these data", f"name {self.name}")
        return are_installed("clients", self.package)

    def found_at(self, target: Target, lease_id: str) -> dict[str, Any]:
        """What undo data say of it. `data_folder` is empty where its data are not known to lie on this machine."""
        folder = self.ground.home / "data" / self.name
        known = str(folder) if folder.is_dir() else ""
        return {"lease": lease_id, "uri": target.uri, "data_folder": known}

    def uri_now(self, undo: Undo) -> str:
        """Started again it may listen elsewhere: the catalogue knows, and where there is none, the undo."""
        try:
            return self.ground.catalogue.service(self.name).uri
        except (StackDown, BadInput):
            return str(undo.data["uri"])

    def is_lost(self, undo: Undo) -> bool:
        """All that it kept has been removed, and what was done to it with that."""
        folder = undo.data["data_folder"]
        return bool(folder) and not Path(folder).exists()

    @contextmanager
    def asking_first(self, target: Target, failure: type[Exception]) -> Iterator[str]:
        """Where to ask, before anything is changed. TargetUnfit instead of what its client raises."""
        try:
            yield target.uri
        except failure as cause:
            why = f"cannot be asked at {target.uri} ({_told(cause)})"
            raise TargetUnfit(self.name, why, "run: chaos-aura status") from cause

    @contextmanager
    def asking(self, undo: Undo, failure: type[Exception]) -> Iterator[str]:
        """The same afterwards: what was changed lies in its files, and is there again when it is."""
        uri = self.uri_now(undo)
        try:
            yield uri
        except failure as cause:
            why = f"cannot be asked at {uri} ({_told(cause)}); what was changed is still in its files"
            remedy = f"run: chaos-aura up, then chaos-aura heal {undo.data['lease']}"
            raise TargetUnfit(self.name, why, remedy) from cause

    def refuse_too_large(self, kept: Any) -> None:
        """All that is changed is kept in the ledger until it has been put back."""
        size_bytes = len(json.dumps(kept))
        if size_bytes > LARGEST_UNDO_BYTES:
            most = f"at most {LARGEST_UNDO_BYTES // _MB} MB are kept"
            why = f"what would be changed is {size_bytes / _MB:.1f} MB, and {most}"
            raise TargetUnfit(self.name, why, "ask for a lower count")


def _told(cause: Exception) -> str:
    return " ".join(str(cause).split()) or type(cause).__name__
