"""A process that reads one question on stdin, answers it on stdout, and ends."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn

from chaos_aura.platform.errors import BadSettings

_BAD_QUESTION = 2


def answer_one[Question](read: Callable[[str], Question], answer: Callable[[Question], Awaitable[None]]) -> NoReturn:
    """`read` raises BadSettings for what is no question: that is told on stderr."""
    logging.disable(logging.CRITICAL)  # what goes wrong is in the answer
    try:
        question = read(sys.stdin.read())
    except BadSettings as bad:
        sys.stderr.write(f"{bad}\n")
        sys.exit(_BAD_QUESTION)
    asyncio.run(_answer_and_end(question, answer))
    raise AssertionError("the process ends with its answer")


async def _answer_and_end[Question](question: Question, answer: Callable[[Question], Awaitable[None]]) -> NoReturn:
    await answer(question)
    sys.stdout.flush()
    os._exit(0)  # a client of Temporal's may crash the interpreter's own end, and a thread may still wait for Kafka
