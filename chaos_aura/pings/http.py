"""A service that speaks HTTP and is somebody else's: GET of the page by which it tells whether it is well."""

import re

from chaos_aura.core.address import Address
from chaos_aura.pings.http1 import get_status
from chaos_aura.pings.pong import Pong
from chaos_aura.pings.refusal import Refused
from chaos_aura.pings.wire import connected

_WELL = re.compile(r"2\d\d\Z")


def ping(service: str, address: Address, path: str, timeout_s: float) -> Pong:
    """Any 2xx is well, whatever the page says: a stranger's words mean nothing here."""
    with connected(service, address, timeout_s) as wire:
        status, reason = get_status(wire, address, path)
        if not _WELL.match(status):
            raise Refused(f"{status} {reason} for {path}")
        return Pong(wire.elapsed_s, "", f"{status} for {path}")
