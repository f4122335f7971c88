"""Where faults are injected: the stack's folder, and through it the catalogue and the supervisor."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import StackDown
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.place import FOLDER
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.place import CATALOGUE


@dataclass(frozen=True)
class Ground:
    """What every injector is made with. Healing must do without the catalogue: the stack may be down."""

    home: Path
    environ: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """For the ledger, and for what injectors have to keep while a fault lasts."""
        return self.home / FOLDER

    @cached_property
    def supervision(self) -> Supervision:
        return Supervision(self.home)

    @property
    def catalogue(self) -> Catalogue:
        """As it is now. StackDown when there is none."""
        path = self.home / CATALOGUE
        try:
            status = path.stat()
            version = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
            catalogue = self._catalogues.get(version)
            if catalogue is None:
                catalogue = Catalogue.from_json(path.read_text(encoding="utf-8"), str(path))
                self._catalogues.clear()
                self._catalogues[version] = catalogue
        except FileNotFoundError as cause:
            raise StackDown(f"stack of {self.home.parent}", "is not running", "run: chaos-aura up") from cause
        return catalogue

    @cached_property
    def _catalogues(self) -> dict[tuple[int, ...], Catalogue]:
        """The one that was read last, by the file's identity: one fault asks for it a dozen times."""
        return {}

    def process_of(self, service: str) -> ProcessId | None:
        """The living process that is this service now, None when none runs."""
        child = self.supervision.children().get(service)
        return child.process if child else None
