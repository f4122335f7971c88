"""What Neo4j holds of an allocation, in short.

Kept("r-1", "granted", has_decision=True)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kept:
    """`state` as it lies there, whatever somebody has made of it."""

    allocation_id: str
    state: str
    has_decision: bool


def kept_of(row: Mapping[str, Any]) -> Kept:
    return Kept(row["allocation_id"], str(row["state"]), bool(row["has_decision"]))
