"""The share of values that are at most so large, by nearest rank: always one of the values."""

import math
from collections.abc import Iterable


def percentile(values: Iterable[float], share: float) -> float:
    """`percentile(latencies, 0.99)`. ValueError when there is none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("there is no value")
    if not 0 < share <= 1:
        raise ValueError(f"a share is above 0 and at most 1, not {share}")
    # A share such as 0.07 times 100 is 7.000000000000001, which is not the eighth.
    return ordered[max(0, math.ceil(round(share * len(ordered), 9)) - 1)]
