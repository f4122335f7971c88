"""What one store says of a request: what it holds, that it holds nothing, or why it cannot be asked.

{"state": "found", "why": "", "held": {"gpu_ids": ["a100-0"], "fencing_token": 7}}
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AnswerState(StrEnum):
    FOUND = "found"
    NOTHING = "nothing"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Answer:
    state: AnswerState
    why: str = ""  # of nothing and of away; of found what is wanting in it
    held: Mapping[str, object] = field(default_factory=dict)


def nothing(why: str) -> Answer:
    return Answer(AnswerState.NOTHING, why)


def found(held: Mapping[str, object], why: str = "") -> Answer:
    return Answer(AnswerState.FOUND, why, held)


async def answered(asking: Awaitable[Answer], within_s: float) -> Answer:
    """Never raises: a store that is away is one more thing to tell."""
    try:
        async with asyncio.timeout(within_s):
            return await asking
    except TimeoutError:
        return Answer(AnswerState.AWAY, f"no answer within {within_s:g} s")
    except Exception as cause:  # noqa: BLE001 - the border: whatever a client library raises, its store could not be asked
        return Answer(AnswerState.AWAY, in_one_line(cause))


def in_one_line(cause: BaseException) -> str:
    name, first = type(cause).__name__, next(iter(str(cause).splitlines()), "").rstrip(": ")
    return first if first.startswith(name) else f"{name}: {first}" if first else name
