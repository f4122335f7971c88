"""What a run comes to in the end: its outcome, and the result that tells it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from chaoslib.types import Dry

from chaos_aura.core.outcome import RunOutcome
from chaos_aura.run.conclusion import Conclusion
from chaos_aura.run.evidence import Evidence
from chaos_aura.run.faults import stories
from chaos_aura.run.result import result
from chaos_aura.run.revision import Revision
from chaos_aura.run.run import Run


def concluded(run: Run, dry: Dry | None, missing: Iterable[str]) -> Conclusion:
    """`missing`: what every pass must have done, and this run has not."""
    if dry is not None and run.verdicts.outcomes_against <= {RunOutcome.DRY}:
        told = run.verdicts.reasons_of(RunOutcome.DRY)
        return Conclusion(RunOutcome.DRY, (*told, f"a dry run ({dry.value}) proves nothing"))
    all_missing = [*missing]
    if run.timeline.lost:
        all_missing.append(f"{run.timeline.lost} events of the timeline are lost")
    all_missing += [
        f"{story}: the timeline does not tell of its end"
        for story in stories(run.folder.timeline)
        if story.in_force_ns is not None and story.healed_ns is None and not story.wrong
    ]
    return run.verdicts.conclude(missing=all_missing)


def composed(
    run: Run,
    evidence: Evidence,
    conclusion: Conclusion,
    revision: Revision,
    *,
    would_touch: Sequence[dict[str, Any]],
    crashed: Callable[[str, BaseException], str],
) -> dict[str, Any]:
    """Figures that cannot be made take the pass with them, and nothing else of the result."""
    try:
        return result(run, evidence, conclusion, revision, would_touch)
    except Exception as cause:  # noqa: BLE001 - the border: without a result nobody would know what went wrong
        run.verdicts.against(RunOutcome.INCONCLUSIVE, crashed("result", cause))
        return result(run, Evidence(), run.verdicts.conclude(), revision, would_touch)
