"""Who has still to pass the bad events."""

from collections.abc import Mapping

Positions = Mapping[str, Mapping[int, int]]  # of each group, by partition


def behind(last: Mapping[int, int], positions: Positions) -> dict[str, str]:
    """Of each group that would still read one: `0@17`, the partition and the last such offset."""
    lags = {group: _lag(last, at) for group, at in sorted(positions.items())}
    return {group: lag for group, lag in lags.items() if lag}


def _lag(last: Mapping[int, int], at: Mapping[int, int]) -> str:
    return ", ".join(f"{each}@{offset}" for each, offset in sorted(last.items()) if at.get(each, 0) <= offset)
