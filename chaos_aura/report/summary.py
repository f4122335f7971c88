"""One run in a terminal, for a tired person who has ten seconds: verdict, why, times, what it cost, what next."""

from collections.abc import Iterable, Mapping
from typing import Any

from chaos_aura.core.verdict import Verdict
from chaos_aura.report.hurt import hurt
from chaos_aura.report.line import Line
from chaos_aura.report.operations import operation_lines, operations_table
from chaos_aura.report.outcomes import Meaning, meaning_of, verdict_of
from chaos_aura.report.part import Part
from chaos_aura.report.promises import promises
from chaos_aura.report.quantity import latency, measured, rate, spent, when
from chaos_aura.report.times import times

_DISTURBED = "measured beside other work"  # where a machine carried less than it can
_WIDEST, _NARROWEST = 110, 20
_LABEL, _ROOM_FOR_LABEL = 13, 60
_MOST_REASONS, _POINT = 5, "· "
_MARGIN = 2  # around the verdict where it is coloured
_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNKNOWN: "yellow"}
_INK = {Verdict.PASS: "white", Verdict.FAIL: "white", Verdict.UNKNOWN: "black"}

type _Section = tuple[str, Iterable[Line]]


def summary(result: Mapping[str, Any], width: int, colour: bool) -> str:
    """Of result.json as docs/runs.md has it; of whatever is missing in it nothing is told, or that it was not measured.

    Lines fit the width, but for the folder and the command, which somebody may want to copy.
    """
    part, width = Part(result), min(_WIDEST, max(_NARROWEST, width))
    verdict, outcome = verdict_of(part["verdict"].text), part["outcome"].text
    lines = [*_banner(part, verdict, outcome, width, colour)]
    for label, content in _sections(part, verdict, outcome, width):
        lines += _section(label, content, width)
    for label, words in (("report", part["folder"].text), ("run it again", part["again"].text)):
        lines += _to_copy(label, words, width)
    return "".join(f"{line.written(has_colour=colour).rstrip()}\n" for line in lines)


def _banner(part: Part, verdict: Verdict, outcome: str, width: int, colour: bool) -> Iterable[Line]:
    title = part["experiment"]["title"].text or part["title"].text or part["id"].text
    line = Line.of(f"{verdict.value.upper()}  {': '.join(filter(None, [outcome, title]))}")
    if colour:
        style = f"bold {_INK[verdict]} on {_COLOURS[verdict]}"
        for each in (Line(), *line.wrapped(width - 2 * _MARGIN), Line()):
            yield Line.of(((" " * _MARGIN + each.plain).ljust(width - each.cells + len(each.plain)), style))
    else:
        yield from line.wrapped(width)
        yield Line.of("━" * width)
    meaning = _meaning(part, verdict, outcome).sentence
    yield from Line.of(f"{meaning[0].upper()}{meaning[1:]}.").wrapped(width)
    yield Line()


def _sections(part: Part, verdict: Verdict, outcome: str, width: int) -> Iterable[_Section]:
    inside = width - (_LABEL if width >= _ROOM_FOR_LABEL else 2)
    yield "why", _reasons(part, verdict, inside)
    yield "judged", _judgements(part)
    yield "times", times(part["recovery"], inside)
    if table := operations_table(part["operations"], width, _LABEL):
        yield "", table
    else:
        yield "operations", operation_lines(part["operations"])
    yield "consistency", promises(part["consistency"])
    yield "load", _load(part["load"])
    yield "faults", hurt(part["faults"], is_dry=outcome == "dry")
    yield "machine", _machine(part["machine"])
    yield "took", _took(part)
    if next_step := _meaning(part, verdict, outcome).next_step:
        yield "next", [Line.of((next_step, "bold"))]


def _meaning(part: Part, verdict: Verdict, outcome: str) -> Meaning:
    reasons = len(part["reasons"].parts or ())
    return meaning_of(outcome, verdict, has_faults=part["faults"].parts != (), reasons=reasons)


def _reasons(part: Part, verdict: Verdict, width: int) -> Iterable[Line]:
    reasons = [reason.text for reason in part["reasons"].parts or () if reason.text]
    for reason in reasons[:_MOST_REASONS]:
        told = Line.of((reason, "" if verdict is Verdict.PASS else "bold")).wrapped(width - len(_POINT))
        yield Line.of(_POINT, told[0])
        yield from (Line.of(" " * len(_POINT), line) for line in told[1:])
    if len(reasons) > _MOST_REASONS:
        yield Line.of((f"and {len(reasons) - _MOST_REASONS} more in result.json", "dim"))


def _judgements(part: Part) -> Iterable[Line]:
    marks = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNKNOWN: "?"}
    told = []
    for each in part["judgements"].parts or ():
        verdict = verdict_of(each["verdict"].text)
        if what := each["what"].text:
            told.append(Line.of((f"{marks[verdict]} {what}", _COLOURS[verdict])))
    if told:
        yield Line.of(", ").between(told)


def _load(load: Part) -> Iterable[Line]:
    told = list(filter(None, [load["shape"].text, _rates(load), _begun(load)]))
    if (late_ms := load["lag_p99_ms"].number) is not None:
        told.append(f"at most {latency(late_ms)} late (p99)")
    elif told:
        told.append("how late it was: not measured")
    if told:
        yield Line.of(", ".join(told))


def _rates(load: Part) -> str:
    now, most = load["rate_per_s"].number, load["capacity_per_s"].number
    if now is None:
        return ""
    told = rate(now) + (f" of a capacity of {rate(most)}" if most is not None else "")
    origin = load["capacity_origin"].text
    return f"{told}, {origin}" if origin == _DISTURBED else told


def _begun(load: Part) -> str:
    begun, due = load["begun"].number, load["due"].number
    return "" if begun is None or due is None else f"{begun:.0f} of {due:.0f} arrivals begun"


def _machine(machine: Part) -> Iterable[Line]:
    """Only what may have spoiled the run."""
    if noisy_s := machine["noisy_s"].number:
        yield Line.of((f"noisy for {measured(noisy_s)}: what was late then may have been the machine", "yellow"))


def _took(part: Part) -> Iterable[Line]:
    told = [spent(took_s)] if (took_s := part["took_s"].number) is not None else []
    if began := when(part["began_at"].text):
        told.append(f"began {began}")
    if seed := part["seed"].word:
        told.append(f"seed {seed}")
    if told:
        yield Line.of(", ".join(told))


def _section(label: str, content: Iterable[Line], width: int) -> Iterable[Line]:
    """Beside its label, or below it where there is no room; without a label what fits as it is."""
    if not label:
        yield from content
        return
    is_beside = width >= _ROOM_FOR_LABEL
    before = Line.of((f"{label:<{_LABEL}}", "dim"))
    indent = Line.of(" " * (_LABEL if is_beside else 2))
    for place, line in enumerate(part for each in content for part in each.wrapped(width - indent.cells)):
        if place == 0 and not is_beside:
            yield before
        yield Line.of(before if place == 0 and is_beside else indent, line)


def _to_copy(label: str, words: str, width: int) -> Iterable[Line]:
    """Whole, however long: the terminal may wrap it, we may not."""
    if not words:
        return
    before = Line.of((f"{label:<{_LABEL}}", "dim"))
    if width < _ROOM_FOR_LABEL:
        yield from (before, Line.of(f"  {words}"))
    else:
        yield Line.of(before, words)
