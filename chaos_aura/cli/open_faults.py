"""Faults of our own that are not healed yet, for whoever tells how services are: it may be their doing."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.errors import LedgerUnusable
from chaos_aura.core.lease import Lease
from chaos_aura.faults.place import FOLDER, LEDGER


def open_faults(home: Path) -> tuple[Lease, ...]:
    """Empty where nobody can read them, too: `chaos-aura leases` says that."""
    if not (home / FOLDER / LEDGER).exists():
        return ()
    from chaos_aura.faults.ledger import Ledger  # noqa: PLC0415 - most stacks have no fault

    with suppress(LedgerUnusable):
        return Ledger(home / FOLDER).open_leases()
    return ()


def fault_line(leases: Sequence[Lease]) -> str:
    """`a fault is open: pause of neo4j; see: chaos-aura leases`"""
    begins = "a fault is open" if len(leases) == 1 else f"{len(leases)} faults are open"
    return f"{begins}: {', '.join(str(lease.fault) for lease in leases)}; see: chaos-aura leases"
