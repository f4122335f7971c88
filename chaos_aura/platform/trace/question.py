"""What is asked: one request, and where the stores are.

{"request_id": "training-41", "since_ms": 1795266629922, "temporal": "127.0.0.1:21200",
 "neo4j": "bolt://127.0.0.1:21007", "redis": "redis://127.0.0.1:21009", "kafka": "127.0.0.1:21011"}
"""

import json
from dataclasses import dataclass, fields

from chaos_aura.platform.errors import BadSettings


@dataclass(frozen=True, slots=True)
class Question:
    """Where an address is empty, nobody is asked."""

    request_id: str
    temporal: str = ""
    neo4j: str = ""
    redis: str = ""
    kafka: str = ""


def read_question(text: str) -> Question:
    """BadSettings says what is wrong with it."""
    try:
        told = json.loads(text)
        question = Question(**told)
    except (ValueError, TypeError) as cause:
        raise BadSettings("question", f"cannot be read: {cause}") from cause
    for each in fields(Question):
        if not isinstance(getattr(question, each.name), str):
            raise BadSettings("question", f"`{each.name}` must be a text, not {getattr(question, each.name)!r}")
    if not question.request_id:
        raise BadSettings("question", "`request_id` is empty")
    return question
