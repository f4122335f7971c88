"""Two faults that would write the same: of those only one may be, and the other must not take its mark for what was."""

from collections.abc import Collection, Iterable

from chaos_aura.core.errors import FaultRefused
from chaos_aura.core.fault import Fault, Footprint
from chaos_aura.core.lease import Lease


def refuse_beside(fault: Fault, footprint: Footprint, open_leases: Iterable[Lease]) -> None:
    for lease in open_leases:
        if both := footprint.writes & lease.footprint.writes:
            why = f"it would write the {min(both)}, as {lease.fault} does (lease {lease.id})"
            raise FaultRefused(str(fault), why, f"wait for its end, or run: chaos-aura heal {lease.id}")


def refuse_passed_by(fault: Fault, footprint: Footprint, leases: Iterable[Lease], known: Collection[str]) -> None:
    """One that came after those known, ended or not: `prepare` may have taken what it wrote for the former value."""
    for lease in leases:
        if lease.id not in known and (both := footprint.writes & lease.footprint.writes):
            why = f"while it was prepared, {lease.fault} wrote the {min(both)} (lease {lease.id})"
            raise FaultRefused(str(fault), why, "try again")
