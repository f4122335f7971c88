"""What the projection keeps in Redis, and under which names.

usage:7:acme           hash, what tenant `acme` has used
usage-seen:7:r-1       hash, which events of allocation `r-1` are in it; gone some days after the last of them
usage-positions:7      hash, for each partition the offset of the next event that is not in it
usage-generation       7: the generation that counts
usage-building         8: the generation that a rebuild fills
usage-generations      8: the newest number given
"""

from collections.abc import Iterator

LIVE = "usage-generation"
BUILDING = "usage-building"
NUMBERS = "usage-generations"
_OF_GENERATION = ("usage", "usage-seen", "usage-positions")


def usage_key(generation: str, tenant: str) -> str:
    return f"usage:{generation}:{tenant}"


def seen_key(generation: str, allocation_id: str) -> str:
    return f"usage-seen:{generation}:{allocation_id}"


def positions_key(generation: str) -> str:
    return f"usage-positions:{generation}"


def patterns() -> Iterator[str]:
    """Of the keys of all generations."""
    return (f"{kind}:*" for kind in _OF_GENERATION)


def generation_of(key: str) -> int | None:
    number = key.split(":", 2)[1]
    return int(number) if number.isdigit() else None
