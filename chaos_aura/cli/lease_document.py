"""A lease for programs, the same wherever one is told."""

from chaos_aura.core.lease import Lease


def document_of(lease: Lease) -> dict[str, object]:
    return {
        "id": lease.id,
        "state": lease.state.value,
        "kind": lease.fault.kind,
        "target": lease.fault.target,
        "parameters": dict(lease.fault.parameters),
        "lasts_s": lease.fault.lasts_s,
        "injector": lease.injector,
        "owner_pid": lease.owner.process.pid,
        "began_at": lease.began_at,
        "why": lease.why,
        "touches": list(lease.undo.touches),
        "by_hand": lease.undo.by_hand,
    }
