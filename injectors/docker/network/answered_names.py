"""The sign of a service that finds no other: its name servers do not answer in its network."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chaos_aura.containers.container import Container
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import Proof
from injectors.docker.network.passage import not_looked
from injectors.docker.network.sign import Field

EMBEDDED = "127.0.0.11"  # the engine's own, wherever networks are made by somebody
_PORT = 53
_WITHIN_S = 0.5
_ID = b"\x43\x41"
_ASKED_ONCE = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
_ADDRESS = b"\x00\x00\x01\x00\x01"


@dataclass(frozen=True, slots=True)
class AnsweredNames:
    """`name`: one that the engine knows itself, so that nothing is asked of anybody else."""

    name: str

    def hurt(self, field: Field) -> Proof:
        return self._looked(field, "no answer")

    def well(self, field: Field) -> Proof:
        return self._looked(field, "answered")

    def to_dict(self) -> Mapping[str, Any]:
        return {"sign": "names", "name": self.name}

    def _looked(self, field: Field, wanted: str) -> Proof:
        try:
            with field.networks.sockets_of(field.container) as inside:
                asking = inside.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        except (ChaosAuraError, OSError) as cause:
            return not_looked("its name server", cause, field)
        with asking:
            outcome = _ask(asking, self.name)
        return Proof(outcome == wanted, f"its name server {EMBEDDED}, asked for {self.name}: {outcome}")


def uses_embedded(container: Container) -> bool:
    """Only there can be asked without troubling a stranger."""
    names = set(container.networks)
    return bool(names) and names != {"bridge"}


def _ask(asking: socket.socket, name: str) -> str:
    letters = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    asking.settimeout(_WITHIN_S)
    with suppress(OSError):
        asking.connect((EMBEDDED, _PORT))
        asking.send(_ID + _ASKED_ONCE + letters + _ADDRESS)
        if asking.recv(512).startswith(_ID):
            return "answered"
    return "no answer"
