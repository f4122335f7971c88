"""A past decision as a member of a sorted set in Redis: one canonical text, so that the same decision is one member.

    {"allocation_id":"a-17","decided_at_ms":1780000000000,"gpu_type":"a100","count":2,...,"crc32":3632233996}

It begins with the id, so that Redis orders decisions of one millisecond by id, as Neo4j does. That holds for ids
without spaces, quotes and exclamation marks.
"""

import zlib
from collections.abc import Sequence
from dataclasses import asdict, fields

import orjson

from chaos_aura.platform.model import PastDecision
from chaos_aura.platform.model.context import WINDOW_SIZE
from chaos_aura.platform.stores.context_scripts import MARKER

_NAMES = tuple(each.name for each in fields(PastDecision))
_MARKER_SCORE = float("-inf")


class NotAMember(ValueError):
    """Not written by us, or changed since."""


def member_of(decision: PastDecision) -> bytes:
    told = asdict(decision) | {"hours": float(decision.hours), "total_usd": float(decision.total_usd)}
    return orjson.dumps(told | {"crc32": zlib.crc32(orjson.dumps(told))})


def decision_of(member: bytes, score: float) -> PastDecision:
    """NotAMember unless it is exactly what `member_of` makes, at its own time."""
    try:
        told = orjson.loads(member)
        decision = PastDecision(**{name: told[name] for name in _NAMES})
        is_ours = member_of(decision) == member and decision.decided_at_ms == score
    except (KeyError, TypeError, ValueError) as cause:
        raise NotAMember(repr(cause)) from cause
    if not is_ours:
        raise NotAMember("was changed after it was written")
    return decision


def decisions_of(told: Sequence[bytes]) -> tuple[PastDecision, ...]:
    """Of a whole window: member, score, member, score. NotAMember when anything in it is not right."""
    pairs = [(told[at], float(told[at + 1])) for at in range(0, len(told), 2)]
    if not pairs or not pairs[0][0].startswith(MARKER) or pairs[0][1] != _MARKER_SCORE:
        raise NotAMember("the window has no marker")
    if len(pairs) > WINDOW_SIZE + 1:
        raise NotAMember(f"the window holds more than {WINDOW_SIZE}")
    past = [decision_of(member, score) for member, score in pairs[1:]]
    return tuple(sorted(past, key=lambda each: (each.decided_at_ms, each.allocation_id)))
