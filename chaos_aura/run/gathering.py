"""How the evidence of a run is gathered once its method is over. Imported only by a run that has a load."""

from collections.abc import Callable
from typing import Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.verdict import Judgement, unknown
from chaos_aura.run.aftermath import settle
from chaos_aura.run.evidence import Evidence
from chaos_aura.run.faults import stories
from chaos_aura.run.figures import recovery_figures
from chaos_aura.run.outage import counts_from, outage_of
from chaos_aura.run.run import Run
from chaos_aura.run.sampler import Sampler
from chaos_aura.run.standing import Phase
from chaos_aura.run.tenants import Tenants
from chaos_aura.run.watching import watch

Crash = Callable[[str, Exception], str]  # keeps what is known of an error of ours, and gives one line for it


def gather(run: Run, evidence: Evidence, tenants: Tenants, crashed: Crash) -> None:
    """When the faults are gone: watches until it is decided, ends the load, lays the stores beside its history."""
    run.verdicts.judge("baseline", tenants.baseline_judgement())
    if not run.is_stopping:
        run.enter(Phase.RECOVERY)
        _judge(run, "recovery", lambda: _recovery(run, evidence, tenants), crashed)
    run.enter(Phase.JUDGING)
    tenants.stop()
    run.verdicts.judge("load", tenants.kept_up())
    if evidence.sampler is not None and not run.is_stopping:
        _settle(run, evidence, evidence.sampler, crashed)


def findings(run: Run, evidence: Evidence) -> dict[str, Any]:
    """As far as they are known: probes of the hypothesis read them."""
    return {"recovery": recovery_of(run, evidence), "consistency": consistency_of(evidence)}


def recovery_of(run: Run, evidence: Evidence) -> dict[str, Any] | None:
    if evidence.outage is None or evidence.watched is None:
        return None
    counted = counts_from(stories(run.folder.timeline), run.momentary, evidence.outage.counts_from_ns)
    noisy_s = evidence.watched.observation.noisy_s(evidence.outage.counts_from_ns)
    return recovery_figures(evidence.outage, evidence.watched.recovery, counted, noisy_s)


def consistency_of(evidence: Evidence) -> dict[str, Any] | None:
    return evidence.consistency.to_dict() if evidence.consistency else None


def _recovery(run: Run, evidence: Evidence, tenants: Tenants) -> Judgement:
    evidence.outage = outage_of(
        stories(run.folder.timeline),
        run.momentary,
        run.options.budget_s,
        spike_from_ns=tenants.spike_from_ns,
        calm_from_ns=tenants.calm_from_ns,
    )
    if evidence.outage is None:
        return unknown("nothing was hurt, so nothing had to recover")
    evidence.watched = watch(run, tenants, evidence.outage)
    return evidence.watched.judgement


def _settle(run: Run, evidence: Evidence, sampler: Sampler, crashed: Crash) -> None:
    try:
        evidence.consistency = settle(run, sampler)
    except Exception as cause:  # noqa: BLE001 - the border: a judge that crashes says that nobody knows
        run.verdicts.judge("consistency", unknown(crashed("consistency", cause)))


def _judge(run: Run, what: str, judge: Callable[[], Judgement], crashed: Crash) -> None:
    try:
        judgement = judge()
    except ChaosAuraError as cause:
        judgement = unknown(str(cause))
    except Exception as cause:  # noqa: BLE001 - the border: a judge that crashes says that nobody knows
        judgement = unknown(crashed(what, cause))
    run.verdicts.judge(what, judgement)
