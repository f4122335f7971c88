"""A topic read and judged; of one allocation, its story too."""

import time
from collections.abc import Iterable, Mapping
from threading import Event as Flag
from typing import Any

from chaos_aura.core.errors import PingFailed
from chaos_aura.judge.consistency.events import EventLog, Record, Scope, Span
from probes.event_log.groups import settled
from probes.event_log.question import Question
from probes.event_log.reading import Progress, reading
from probes.event_log.story import Story

_MS = 1000


def validate(question: Question, stop: Flag, progress: Progress) -> dict[str, Any]:
    """{"validity": "valid", "records": 41, ..., "range": {"0": {"from": 0, "to": 12}}, "groups": [...]}"""
    began_s, began_ms = time.monotonic(), int(time.time() * _MS)
    until_s = began_s + question.within_s
    try:
        with reading(question.kafka, question.topic, question.within_s) as topic:
            spans = topic.spans(question.since_ms, question.until_ms, are_all_within=question.are_all_within)
            answer = _judged(_log(question, spans), question, began_ms, topic.records(spans, until_s, stop, progress))
    except PingFailed as silent:
        spans = {}
        answer = _log(question, spans).judged(began_ms, str(silent)).to_dict()
    answer |= {"range": {str(each): {"from": span.begin, "to": span.end} for each, span in spans.items()}}
    answer |= {"took_s": round(time.monotonic() - began_s, 3), "groups": []}
    return answer if question.only or not spans else _with_groups(answer, question, spans)


def _judged(log: EventLog, question: Question, began_ms: int, records: Iterable[Record]) -> dict[str, Any]:
    """What is younger than this question cannot be late; nor can anything where somebody cut off what followed."""
    story, why_unread = Story(question.only), ""
    try:
        for record in records:
            log.take(record)
            if question.only:
                story.see(record)
    except PingFailed as silent:
        why_unread = str(silent)
    is_cut = question.until_ms is not None and question.until_ms < began_ms
    found = log.judged(0 if is_cut else began_ms, why_unread).to_dict()
    return found | ({"story": story.rows(), "left_out": story.left_out} if question.only else {})


def _log(question: Question, spans: Mapping[int, Span]) -> EventLog:
    return EventLog(spans, Scope(question.prefix, question.only))


def _with_groups(answer: dict[str, Any], question: Question, spans: Mapping[int, Span]) -> dict[str, Any]:
    """Beside the verdict: that they cannot be asked changes nothing of it."""
    ends = {each: span.end for each, span in spans.items()}
    try:
        groups, notes = settled(question.kafka, question.topic, ends)
    except PingFailed as silent:
        groups, notes = (), [f"groups are not known: {silent}"]
    return answer | {"groups": [each.to_dict(ends) for each in groups], "notes": [*answer["notes"], *notes]}
