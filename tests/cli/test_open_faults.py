"""Faults that are open: told of by `status`, in a line and in its document."""

from pathlib import Path

from chaos_aura.cli.open_faults import fault_line, open_faults
from chaos_aura.core.fault import Fault, Footprint, Undo
from chaos_aura.core.lease import Lease, LeaseState, Owner, new_lease_id
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER


def intended(ledger: Ledger, kind: str, target: str) -> Lease:
    owner = Owner(ProcessId(1, 2), "boot")
    undo = Undo({}, (), "")
    lease = Lease(
        new_lease_id(), Fault(kind, target, {}, 5.0), "docker", Footprint(frozenset()), undo, owner, 1.5, 99.0
    )
    ledger.intend(lease, lambda _: None)
    return lease


def test_only_what_is_not_healed_is_told(tmp_path: Path) -> None:
    assert open_faults(tmp_path) == ()
    (tmp_path / FOLDER).mkdir()
    ledger = Ledger(tmp_path / FOLDER)
    healed, one = intended(ledger, "kill", "redis"), intended(ledger, "pause", "neo4j")
    ledger.change(healed, LeaseState.HEALED, "gone")
    ledger.change(one, LeaseState.IN_FORCE, "seen")
    [found] = open_faults(tmp_path)
    assert (found.id, found.state) == (one.id, LeaseState.IN_FORCE)
    assert fault_line([found]) == "a fault is open: pause of neo4j; see: chaos-aura leases"
    intended(ledger, "latency", "worker.redis")
    told = "2 faults are open: pause of neo4j, latency of worker.redis; see: chaos-aura leases"
    assert fault_line(open_faults(tmp_path)) == told


def test_a_ledger_that_cannot_be_read_spoils_nothing(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "ledger.jsonl").mkdir(parents=True)
    assert open_faults(tmp_path) == ()
