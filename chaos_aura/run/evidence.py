"""What a run has to show for its verdict, and how it is gathered once its method is over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.verdict import Judgement, unknown
from chaos_aura.judge.exactly_once import ExactlyOnce
from chaos_aura.judge.recovery import Outage
from chaos_aura.record.timeline import read_timeline
from chaos_aura.run.aftermath import settle
from chaos_aura.run.faults import FaultStory, told_faults
from chaos_aura.run.figures import recovery_figures
from chaos_aura.run.outage import counts_from, outage_of
from chaos_aura.run.run import Run
from chaos_aura.run.sampler import Sampler
from chaos_aura.run.standing import Phase
from chaos_aura.run.tenants import Tenants
from chaos_aura.run.watching import Watched, watch

Crash = Callable[[str, Exception], str]  # keeps what is known of an error of ours, and gives one line for it


@dataclass
class Evidence:
    """`outage` and what follows are None until they are known, or where there is nothing to know."""

    tenants: Tenants | None = None
    sampler: Sampler | None = None
    outage: Outage | None = None
    watched: Watched | None = None
    consistency: ExactlyOnce | None = None
    settled: bool = False

    def gather(self, run: Run, crashed: Crash) -> None:
        """When the faults are gone: watches until it is decided, ends the load, lays the stores beside its history."""
        if self.tenants is None:
            return
        run.verdicts.judge("baseline", self.tenants.baseline_judgement())
        if not run.is_stopping:
            run.enter(Phase.RECOVERY)
            self._judge(run, "recovery", lambda: self._recovery(run, self.tenants), crashed)
        run.enter(Phase.JUDGING)
        self.tenants.stop()
        run.verdicts.judge("load", self.tenants.kept_up())
        if self.sampler is not None and not run.is_stopping:
            self._settle(run, self.sampler, crashed)

    def findings(self, run: Run) -> dict[str, Any]:
        """As far as they are known: probes of the hypothesis read them."""
        return {"recovery": self.recovery_figures(run), "consistency": self.consistency_figures()}

    def recovery_figures(self, run: Run) -> dict[str, Any] | None:
        if self.outage is None or self.watched is None:
            return None
        counted = counts_from(stories(run), run.momentary, self.outage.counts_from_ns)
        return recovery_figures(self.outage, self.watched.recovery, counted, run.options.budget_s)

    def consistency_figures(self) -> dict[str, Any] | None:
        return self.consistency.to_dict() if self.consistency else None

    def close(self, *, is_hurried: bool) -> None:
        """Whatever became of the run. Somebody who has pressed Ctrl-C does not wait for tenants."""
        if self.tenants is not None:
            if is_hurried:
                self.tenants.leave()
            self.tenants.stop()
        if self.sampler is not None:
            self.sampler.stop()

    def _recovery(self, run: Run, tenants: Tenants | None) -> Judgement:
        assert tenants is not None
        self.outage = outage_of(
            stories(run),
            run.momentary,
            run.options.budget_s,
            spike_from_ns=tenants.spike_from_ns,
            calm_from_ns=tenants.calm_from_ns,
        )
        if self.outage is None:
            return unknown("nothing was hurt, so nothing had to recover")
        self.watched = watch(run, tenants, self.outage)
        return self.watched.judgement

    def _settle(self, run: Run, sampler: Sampler, crashed: Crash) -> None:
        try:
            self.consistency = settle(run, sampler)
        except Exception as cause:  # noqa: BLE001 - the border: a judge that crashes says that nobody knows
            run.verdicts.judge("consistency", unknown(crashed("consistency", cause)))
        self.settled = True

    def _judge(self, run: Run, what: str, judge: Callable[[], Judgement], crashed: Crash) -> None:
        try:
            judgement = judge()
        except ChaosAuraError as cause:
            judgement = unknown(str(cause))
        except Exception as cause:  # noqa: BLE001 - the border: a judge that crashes says that nobody knows
            judgement = unknown(crashed(what, cause))
        run.verdicts.judge(what, judgement)


def stories(run: Run) -> tuple[FaultStory, ...]:
    return told_faults(read_timeline(run.folder.timeline))
