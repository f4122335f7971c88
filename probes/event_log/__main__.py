"""`python -P -m probes.event_log`: a question as one line of JSON on stdin, lines of JSON on stdout.

{"progress": {"read": 4000, "of": 120000}}         some, while it goes on
{"answer": {...}}                                  or, as the last:
{"error": {"where": "nope", "why": "is no topic of this Kafka", "remedy": "there are: ...", "is_bad_input": true}}

It ends when its stdin does: it tells how far it came, and leaves nothing half written.
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson

from chaos_aura.core.errors import BadInput, ChaosAuraError
from probes.event_log.question import read_question
from probes.packages import require


def main() -> None:
    """A Ctrl-C in the terminal is meant for whoever started this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = threading.Event()
    line = sys.stdin.readline()
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()
    try:
        _say({"answer": _answer(line, stop)})
    except ChaosAuraError as failed:
        is_bad = isinstance(failed, BadInput)
        told = {"where": failed.where, "why": failed.why, "remedy": failed.remedy, "is_bad_input": is_bad}
        _say({"error": told})


def _answer(line: str, stop: threading.Event) -> dict[str, Any]:
    question = read_question(line)
    require("kafka")
    from probes.event_log.reading import Stopped  # noqa: PLC0415 - without its package nothing of Kafka can be imported
    from probes.event_log.replaying import replay  # noqa: PLC0415
    from probes.event_log.validation import validate  # noqa: PLC0415

    ask = replay if question.ask == "replay" else validate
    try:
        return ask(question, stop, _progress)
    except Stopped as stopped:
        raise ChaosAuraError(question.topic, "was not read to its end: it was stopped") from stopped


def _progress(read: int, of: int) -> None:
    _say({"progress": {"read": read, "of": of}})


def _watch(stop: threading.Event) -> None:
    with suppress(OSError, ValueError):
        while sys.stdin.read(1):
            pass
    stop.set()


def _say(told: Mapping[str, Any]) -> None:
    with suppress(OSError):  # nobody listens any more: the end of standard input says so too
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # at once: a thread of a Kafka client may still wait for one that is silent
