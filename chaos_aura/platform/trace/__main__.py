"""`python -P -m chaos_aura.platform.trace`: a question as JSON on stdin, the stores' answers as JSON on stdout.

{"schema": 1, "stores": {"temporal": {"state": "found", "why": "", "held": {...}}, "pool": {...}, ...}}
"""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from typing import NoReturn

import orjson

from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.trace.answer import Answer
from chaos_aura.platform.trace.asking import Asking
from chaos_aura.platform.trace.question import Question, read_question

_BAD_QUESTION = 2


def main() -> NoReturn:
    logging.disable(logging.CRITICAL)  # what goes wrong is in the answers
    try:
        question = read_question(sys.stdin.read())
    except BadSettings as bad:
        sys.stderr.write(f"{bad}\n")
        sys.exit(_BAD_QUESTION)
    asyncio.run(_answer(question))
    raise AssertionError("the process ends with its answer")


async def _answer(question: Question) -> None:
    answers = await Asking(question).all()
    sys.stdout.buffer.write(_document(answers))
    sys.stdout.buffer.flush()
    os._exit(0)  # a client of Temporal's may crash the interpreter's own end, and a thread may still wait for Kafka


def _document(answers: Mapping[str, Answer]) -> bytes:
    return orjson.dumps({"schema": 1, "stores": answers}, default=_plain, option=orjson.OPT_APPEND_NEWLINE)


def _plain(thing: object) -> object:
    return dict(thing) if isinstance(thing, Mapping) else str(thing)


if __name__ == "__main__":
    main()
