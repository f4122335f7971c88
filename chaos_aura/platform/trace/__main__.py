"""`python -P -m chaos_aura.platform.trace`: a question as JSON on stdin, the stores' answers as JSON on stdout.

{"schema": 1, "stores": {"temporal": {"state": "found", "why": "", "held": {...}}, "pool": {...}, ...}}
"""

import sys
from collections.abc import Mapping
from typing import NoReturn

import orjson

from chaos_aura.platform.one_answer import answer_one
from chaos_aura.platform.trace.answer import Answer
from chaos_aura.platform.trace.asking import Asking
from chaos_aura.platform.trace.question import Question, read_question


def main() -> NoReturn:
    answer_one(read_question, _answer)


async def _answer(question: Question) -> None:
    answers = await Asking(question).all()
    sys.stdout.buffer.write(_document(answers))
    sys.stdout.buffer.flush()


def _document(answers: Mapping[str, Answer]) -> bytes:
    return orjson.dumps({"schema": 1, "stores": answers}, default=_plain, option=orjson.OPT_APPEND_NEWLINE)


def _plain(thing: object) -> object:
    return dict(thing) if isinstance(thing, Mapping) else str(thing)


if __name__ == "__main__":
    main()
