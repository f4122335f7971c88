"""Where faults are injected: the stack's folder, and through it the catalogue and the supervisor."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chaos_aura.core.catalogue import LOCAL, Catalogue
from chaos_aura.core.errors import BadInput, StackDown
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.place import FOLDER
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.place import CATALOGUE
from chaos_aura.supervision.state import ChildStatus

if TYPE_CHECKING:
    from chaos_aura.containers.container import Container
    from chaos_aura.containers.engine import Engine


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
        child = self._contained(service) if self.stack != LOCAL else self.supervision.children().get(service)
        return child.process if child else None

    def containers_of(self, service: str) -> "tuple[Container, ...]":
        """Those that run now; none where it runs in none."""
        if self.stack == LOCAL:
            return ()
        from chaos_aura.containers.group import Group  # noqa: PLC0415 - for who has some

        return Group.from_dict(self.catalogue.service(service).runs_in).running(self._engine)

    @property
    def stack(self) -> str:
        """Without a catalogue nothing is known of containers."""
        with suppress(StackDown):
            return self.catalogue.stack
        return LOCAL

    def _contained(self, service: str) -> ChildStatus | None:
        from chaos_aura.containers.keeper import Containers  # noqa: PLC0415 - for who has some

        try:
            target = self.catalogue.service(service)
        except BadInput:
            return None
        return Containers(self.catalogue, self._engine).child(target) if target.is_contained else None

    @cached_property
    def _engine(self) -> "Engine":
        from chaos_aura.containers.engine import Engine  # noqa: PLC0415

        return Engine(self.environ)
