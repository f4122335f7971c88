"""The processes that own leases, each held by its descriptor: that one has died is known at once."""

import os
import selectors
from collections.abc import Iterable
from contextlib import suppress

from chaos_aura.core.boot import boot_id
from chaos_aura.core.lease import Owner


class Owners:
    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._handles: dict[Owner, int] = {}
        self._staying: set[Owner] = set()

    def watch(self, owners: Iterable[Owner], *, stays: bool = False) -> None:
        """One that stays is watched until it dies; any other until it is not named any more."""
        wanted = set(owners)
        if stays:
            self._staying |= wanted
        for owner in wanted - self._handles.keys():
            self._open(owner)
        if not stays:
            for owner in self._handles.keys() - wanted - self._staying:
                self._close(owner)

    def is_alive(self, owner: Owner) -> bool:
        return owner.is_alive(boot_id())

    def _open(self, owner: Owner) -> None:
        if not owner.is_alive(boot_id()):
            return
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(owner.process.pid)
            self._handles[owner] = handle
            self._selector.register(handle, selectors.EVENT_READ, lambda: self._close(owner))

    def _close(self, owner: Owner) -> None:
        handle = self._handles.pop(owner)
        self._staying.discard(owner)
        self._selector.unregister(handle)
        os.close(handle)
