"""What the stack needs to know of a service to fetch, start, reach and check it."""

from typing import Protocol

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.stack.java import Jvm
from chaos_aura.stack.services.site import Site
from chaos_aura.stack.supervisor.program import Program


class LocalService(Protocol):
    """A server that runs as a process of this machine. Without state of its own: everything is in the site."""

    @property
    def name(self) -> str: ...

    def port_names(self, clients: tuple[str, ...]) -> tuple[str, ...]:
        """The ports it listens on, its direct one under its own name. `clients` have edges into it."""

    def upstream(self, client: str, site: Site) -> Address:
        """Where the edge of this client leads."""

    def jvm(self, site: Site) -> Jvm | None:
        """The Java machine it runs on, if it does, without the flags that the site adds."""

    def describe(self, site: Site) -> Service: ...

    def prepare(self, site: Site) -> None:
        """Writes its configuration, makes its data folder usable. Idempotent."""

    def program(self, site: Site) -> Program: ...
