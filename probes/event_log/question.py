"""What the process is asked, as JSON on its standard input, one line.

{"ask": "validate", "kafka": "127.0.0.1:24237", "topic": "allocation.events", "within_s": 60, "since_ms": 1795266629922}
"""

import json
from dataclasses import dataclass, fields
from typing import Any

from chaos_aura.core.errors import BadInput

ASKS = ("validate", "replay", "timeline")


@dataclass(frozen=True, slots=True)
class Question:
    """`prefix`, `only`: which allocations; `are_all_within`: none of them began before `since_ms`.

    Of a replay: `requests`, `kinds`: which records, all when empty; `file` or `into`: a file, or a topic, to write;
    `source`: a file to read instead of the topic.
    """

    ask: str
    kafka: str = ""
    topic: str = ""
    within_s: float = 60.0
    since_ms: int | None = None
    until_ms: int | None = None
    prefix: str = ""
    only: str = ""
    are_all_within: bool = False
    requests: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    source: str = ""
    file: str = ""
    may_overwrite: bool = False
    into: str = ""
    may_make: bool = False
    is_dry: bool = False


def read_question(text: str) -> Question:
    """BadInput says what is wrong with it."""
    try:
        told = json.loads(text)
        told |= {name: tuple(told[name]) for name in ("requests", "kinds") if name in told}
        question = Question(**told)
    except (ValueError, TypeError) as cause:
        raise BadInput("question", f"cannot be read: {cause}", f"ask one of {', '.join(ASKS)}, as JSON") from cause
    for each in fields(Question):
        _require_type(each.name, getattr(question, each.name), each.type)
    if question.ask not in ASKS:
        raise BadInput("question", f"asks for {question.ask!r}", f"ask one of {', '.join(ASKS)}")
    return question


def _require_type(name: str, given: Any, wanted: Any) -> None:
    is_right = {
        str: isinstance(given, str),
        bool: isinstance(given, bool),
        float: isinstance(given, int | float) and not isinstance(given, bool),
        int | None: given is None or (isinstance(given, int) and not isinstance(given, bool) and given >= 0),
        tuple[str, ...]: isinstance(given, tuple) and all(isinstance(each, str) for each in given),
    }[wanted]
    if not is_right:
        raise BadInput("question", f"`{name}` is {given!r}", "see probes/event_log/question.py")
