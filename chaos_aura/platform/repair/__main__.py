"""`python -P -m chaos_aura.platform.repair`: a question as JSON on stdin; on stdout lines of JSON, the last the answer.

{"progress": "3 allocations in doubt", "repaired": 0, "items": 0}
{"schema": 1, "looked_at": {...}, "items": [...], "left": [...]}
"""

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson

from chaos_aura.platform.errors import DependencyAway
from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.one_answer import answer_one
from chaos_aura.platform.repair.answer import answer_of, away
from chaos_aura.platform.repair.applying import Applying, Done
from chaos_aura.platform.repair.kafka import EventsRead
from chaos_aura.platform.repair.looking import LookedAt, Looking, decisions_at
from chaos_aura.platform.repair.plan import Left, Plan
from chaos_aura.platform.repair.question import Question, read_question
from chaos_aura.platform.repair.temporal import Workflows

_PUBLISHED_WITHIN_S = 10.0


def main() -> NoReturn:
    answer_one(read_question, _answer)


async def _answer(question: Question) -> None:
    try:
        answer = await _repaired(question)
    except DependencyAway as cause:
        answer = away(cause)
    _tell(answer)


async def _repaired(question: Question) -> dict[str, Any]:
    _say("comparing what the stores hold")
    decisions, events = decisions_at(question.neo4j), EventsRead(question.kafka, question.tag, question.since_ms)
    looking = Looking(question, await Workflows.at(question.temporal), decisions, events)
    looked_at, plans = await looking.all()
    items = [item for plan in plans.values() for item in plan.items]
    left = [each for plan in plans.values() for each in plan.left]
    if not (question.apply and items):
        return answer_of(looked_at, items, left)
    publisher = Publisher(question.kafka, timeout_s=_PUBLISHED_WITHIN_S)
    return await _applied(Applying(looking, decisions, publisher), looked_at, plans)


async def _applied(applying: Applying, looked_at: LookedAt, plans: Mapping[str, Plan]) -> dict[str, Any]:
    done: list[Done] = []
    left: list[Left] = [each for plan in plans.values() if not plan.items for each in plan.left]
    planned = sum(len(plan.items) for plan in plans.values())
    _say("writing", 0, planned)
    async for batch in applying.all(plans):
        done += batch.done
        left += batch.left
        _say("writing", sum(each.repaired for each in done), planned)
    return answer_of(looked_at, done, left)


def _say(progress: str, repaired: int = 0, items: int = 0) -> None:
    _tell({"progress": progress, "repaired": repaired, "items": items})


def _tell(line: Mapping[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
