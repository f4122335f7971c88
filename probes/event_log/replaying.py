"""A recorded range, or a file of one, written again: to a file, or to another topic."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Event as Flag
from typing import Any, Protocol

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.judge.consistency.events import Record
from chaos_aura.judge.consistency.events.schema import KINDS, NoEvent, read_event
from probes.event_log.file_writing import refuse_existing, writing_file
from probes.event_log.lines import read_lines
from probes.event_log.question import Question
from probes.event_log.reading import Progress, Stopped, reading
from probes.event_log.topic_writing import required_partitions, writing_topic

UNREADABLE = "unreadable"  # a kind that no event has


class Writing(Protocol):
    written: int

    def write(self, record: Record) -> None: ...

    def finish(self) -> None:
        """When all are sure to be there."""


class Counting:
    """Writes nothing."""

    written = 0

    def write(self, record: Record) -> None:
        self.written += 1

    def finish(self) -> None:
        pass


def replay(question: Question, stop: Flag, progress: Progress) -> dict[str, Any]:
    """{"read": 120, "chosen": 41, "written": 41, "kinds": {"allocation.granted": 41}, "failed": null}

    `failed`: what ended it before its time, with how far it had come: a topic keeps what was written.
    """
    kinds: Counter[str] = Counter()
    read = chosen = 0
    failed: ChaosAuraError | Stopped | None = None
    writing: Writing = Counting()
    try:
        with _source(question, stop, progress) as records, _target(question, stop) as writing:
            for record in records:
                read += 1
                kind, names = _told_by(record)
                if _is_wanted(question, record, kind, names):
                    chosen += 1
                    kinds[kind] += 1
                    writing.write(record)
            writing.finish()
    except (ChaosAuraError, Stopped) as cause:
        if not chosen:
            raise
        failed = cause
    written = writing.written if question.into or not failed else 0
    answer = {"read": read, "chosen": chosen, "written": written, "kinds": dict(sorted(kinds.items()))}
    return answer | {"failed": None if failed is None else str(failed) or "stopped"}


def _is_wanted(question: Question, record: Record, kind: str, names: tuple[str, ...]) -> bool:
    if question.kinds and kind not in question.kinds:
        return False
    if question.requests and not set(names) & set(question.requests):
        return False
    return (question.since_ms or 0) <= record.timestamp_ms and (
        question.until_ms is None or record.timestamp_ms < question.until_ms
    )


def _told_by(record: Record) -> tuple[str, tuple[str, ...]]:
    """Its kind, and of whom it may be: what nobody can read still has a key."""
    key = (record.key or b"").decode("utf-8", "replace")
    try:
        event = read_event(record.value)
    except NoEvent:
        return UNREADABLE, (key,)
    return KINDS[event.kind], (key, event.allocation_id)


@contextmanager
def _source(question: Question, stop: Flag, progress: Progress) -> Iterator[Iterator[Record]]:
    if question.source:
        yield _until_stopped(read_lines(Path(question.source)), stop)
        return
    until_s = time.monotonic() + question.within_s
    with reading(question.kafka, question.topic, question.within_s) as topic:
        spans = topic.spans(question.since_ms, question.until_ms)
        yield topic.records(spans, until_s, stop, progress)


def _until_stopped(records: Iterator[Record], stop: Flag) -> Iterator[Record]:
    for record in records:
        if stop.is_set():
            raise Stopped
        yield record


def _target(question: Question, stop: Flag) -> AbstractContextManager[Writing]:
    """Dry, it is refused all the same where it would be."""
    file = Path(question.file)
    if question.is_dry:
        if question.into:
            required_partitions(question.kafka, question.into, may_make=question.may_make)
        else:
            refuse_existing(file, may_overwrite=question.may_overwrite)
        return nullcontext(Counting())
    if question.into:
        return writing_topic(question.kafka, question.into, stop, may_make=question.may_make)
    return writing_file(file, may_overwrite=question.may_overwrite)
