"""What took too long while the machine itself was noisy may be nobody's fault: then nobody knows."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos_aura.core.verdict import Judgement, Verdict, unknown

_OF_TIME = ("probes.latency", "probes.load")  # what they tell depends on how fast the machine is
_NS = 1e9


def excused(judgement: Judgement, activity: Mapping[str, Any], run: Mapping[str, Any], samples: Path) -> Judgement:
    """UNKNOWN instead of a failure where it was noisy within the time that was measured."""
    provider = activity.get("provider") or {}
    if judgement.verdict is not Verdict.FAIL or provider.get("module") not in _OF_TIME:
        return judgement
    from chaos_aura.run.samples import Samples  # noqa: PLC0415 - for who has failed

    until_ns = time.monotonic_ns()
    measured_s = float((provider.get("arguments") or {}).get("window_s") or 0)
    from_ns = until_ns - int((measured_s + float(run.get("duration") or 0)) * _NS) if measured_s else 0
    noisy_s = (
        sum(max(0, min(until_ns, high) - max(from_ns, low)) for low, high in Samples.read(samples).noisy_ns()) / _NS
    )
    if not noisy_s:
        return judgement
    return unknown(
        *(f"{reason}; but the machine itself was noisy for {noisy_s:.1f} s of it" for reason in judgement.reasons)
    )
