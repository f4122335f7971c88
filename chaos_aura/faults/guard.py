"""Whoever sees to it that leases end, also without their owner. See `reaper.link`."""


class Guard:
    def ready(self) -> None:
        """Returns when somebody watches. ReaperMissing when nobody does."""

    def look(self) -> None:
        """There is something new in the ledger."""
