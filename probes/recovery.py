"""When the system was hurt, noticed it and was well again, as the current run has concluded."""

from typing import Any

from probes.run import Run

__all__ = ["recovery_times"]

NOT_MEASURED_YET = {"state": "not measured yet"}


def recovery_times() -> dict[str, Any]:
    """Each moment between two others, in seconds since the fault was proven in force.

    `{"state": "recovered", "budget_s": 30, "counts_from": "healed", "degraded": {"low_s": 0.1, "at_s": 0.2,
    "high_s": 0.3}, "detected": ..., "recovered": ..., "recovered_from_healed": ...}`; before,
    `{"state": "not measured yet"}`.
    """
    return dict(Run.current().finding("recovery") or NOT_MEASURED_YET)
