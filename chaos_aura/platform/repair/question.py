"""What is asked: which allocations, whether to write, and where the stores are.

{"tag": "01kb7q9x3m", "since_ms": 1795266629922, "only": [], "apply": false, "temporal": "127.0.0.1:21200",
 "neo4j": "bolt://127.0.0.1:21007", "kafka": "127.0.0.1:21011"}
"""

import json
import re
from dataclasses import dataclass

from chaos_aura.platform.errors import BadSettings

_WHERE = "question"
_TAG = re.compile(r"[A-Za-z0-9_.-]+")  # it becomes part of a query of Temporal's


@dataclass(frozen=True, slots=True)
class Question:
    """`only` empty means all whose ids begin with `tag`."""

    tag: str
    temporal: str
    neo4j: str
    kafka: str
    since_ms: int = 0
    only: tuple[str, ...] = ()
    apply: bool = False


def read_question(text: str) -> Question:
    """BadSettings says what is wrong with it."""
    try:
        told = json.loads(text)
        question = Question(**{**told, "only": tuple(told.get("only", ()))})
    except (ValueError, TypeError, AttributeError) as cause:
        raise BadSettings(_WHERE, f"cannot be read: {cause}") from cause
    for name in ("tag", "temporal", "neo4j", "kafka"):
        given = getattr(question, name)
        _require(isinstance(given, str) and given, f"`{name}` must be a text, not {given!r}")
    _require(_TAG.fullmatch(question.tag), f"`tag` is no tag: {question.tag!r}")
    _require(type(question.since_ms) is int and question.since_ms >= 0, "`since_ms` must be a time in milliseconds")
    _require(type(question.apply) is bool, "`apply` must be true or false")
    for each in question.only:
        _require(str(each).startswith(question.tag), f"`only` names {each!r}, which does not begin with {question.tag}")
    return question


def _require(is_so: object, why: str) -> None:
    if not is_so:
        raise BadSettings(_WHERE, why)
