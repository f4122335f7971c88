"""The journal says failed until the last statement of a run has made it otherwise.

Chaos Toolkit decides its exit code by two entries, `status` and `deviated`. `status` steers the run as well, so while
it goes on it is `deviated` that speaks against it; at the end both do, until the verdict is known.
"""

from typing import Any

from chaos_aura.core.outcome import RunOutcome
from chaos_aura.core.verdict import Verdict
from chaos_aura.run.secrecy import Secrecy

KEY = "chaos-aura"
_STATUSES = {
    RunOutcome.PASSED: "completed",
    RunOutcome.FAILED: "failed",
    RunOutcome.NOT_HEALED: "failed",
    RunOutcome.INTERRUPTED: "interrupted",
}


def speak_against(journal: dict[str, Any]) -> None:
    journal["deviated"] = True


def condemn(journal: dict[str, Any]) -> None:
    """Once nothing depends on its status any more."""
    journal["status"] = "failed"
    journal["deviated"] = True


def pronounce(journal: dict[str, Any], result: dict[str, Any]) -> None:
    """The last thing that is done to it."""
    outcome = RunOutcome(result["outcome"])
    journal[KEY] = result
    journal["status"] = _STATUSES.get(outcome, "aborted")
    journal["deviated"] = outcome.verdict is not Verdict.PASS


def hide_secrets(journal: dict[str, Any], secrecy: Secrecy) -> None:
    journal.update(secrecy.scrub(dict(journal)))
    experiment = journal.get("experiment")
    if isinstance(experiment, dict) and experiment.get("secrets"):
        experiment["secrets"] = secrecy.declared(experiment["secrets"])
