"""After the load has ended: what the stores hold is laid beside what tenants were told."""

import time
from typing import Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.verdict import Verdict, unknown
from chaos_aura.judge.exactly_once import ExactlyOnce, exactly_once_of
from chaos_aura.record.batches import batches
from chaos_aura.record.rows import OF_ALLOCATIONS
from chaos_aura.record.stores import read_stores
from chaos_aura.run.run import Run
from chaos_aura.run.sampler import Sampler

_DUMPS_WITHIN_S = 30.0
_QUIET_WITHIN_S = 20.0  # until what was acknowledged last has arrived everywhere
_LOOK_EVERY_S = 0.5


def settle(run: Run, sampler: Sampler) -> ExactlyOnce | None:
    """Judges it. What is missing may still be under way, and is waited for: else it were told beside what is wrong."""
    deadline_s = time.monotonic() + _QUIET_WITHIN_S
    while True:
        began_s = time.monotonic()
        try:
            found = _look(run, sampler)
        except ChaosAuraError as cause:
            run.verdicts.judge("consistency", unknown(str(cause)))
            return None
        is_unread = found.agreement.judgement.verdict is Verdict.UNKNOWN and bool(found.missing)
        may_change = found.agreement.may_mend or is_unread
        if not may_change or began_s > deadline_s or run.is_stopping:  # a look that began early may have seen too early
            judgements = found.judgements
            if found.agreement.may_mend and run.is_stopping and not found.agreement.is_certain:
                judgements["consistency"] = unknown("it was ended while something may still have been under way")
            for what, judgement in judgements.items():
                run.verdicts.judge(what, judgement)
            return found
        run.wait(_LOOK_EVERY_S)


def _look(run: Run, sampler: Sampler) -> ExactlyOnce:
    if why := sampler.dump_stores(_DUMPS_WITHIN_S):
        raise ChaosAuraError("stores", f"could not be read: {why}", f"the sampler's log: {run.folder.log('sampler')}")
    stores = read_stores(run.folder.stores)
    with batches(run.folder.path, filter(stores.is_read, OF_ALLOCATIONS)) as (some, sorter):
        return exactly_once_of(some, stores, run.tag, sorter.buckets("holds"))


def as_result(found: ExactlyOnce | None) -> dict[str, Any] | None:
    return found.to_dict() if found else None
