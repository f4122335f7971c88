"""One run in a terminal, for a tired person who has ten seconds: verdict, why, times, what it cost, what next."""

import io
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chaos_aura.core.verdict import Verdict
from chaos_aura.report.hurt import hurt
from chaos_aura.report.operations import operation_lines, operations_table
from chaos_aura.report.outcomes import meaning_of, verdict_of
from chaos_aura.report.part import Part
from chaos_aura.report.promises import promises
from chaos_aura.report.quantity import latency, measured, rate, spent, when
from chaos_aura.report.times import times

_WIDEST, _NARROWEST = 110, 20
_LABEL, _ROOM_FOR_LABEL = 13, 60
_MOST_REASONS = 5
_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNKNOWN: "yellow"}
_INK = {Verdict.PASS: "white", Verdict.FAIL: "white", Verdict.UNKNOWN: "black"}

type _Section = tuple[str, Iterable[RenderableType]]


def summary(result: Mapping[str, Any], width: int, colour: bool) -> str:
    """Of result.json as docs/runs.md has it; of whatever is missing in it nothing is told, or that it was not measured.

    Lines fit the width, but for the folder and the command, which somebody may want to copy.
    """
    part, written = Part(result), io.StringIO()
    console = _console(written, min(_WIDEST, max(_NARROWEST, width)), colour)
    verdict, outcome = verdict_of(part["verdict"].text), part["outcome"].text
    _print_banner(console, part, verdict, outcome)
    for label, content in _sections(part, verdict, outcome, console.width):
        _print_section(console, label, list(content))
    for label, words in (("report", part["folder"].text), ("run it again", part["again"].text)):
        _print_to_copy(console, label, words)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().split("\n")[:-1])


def _console(written: io.StringIO, width: int, colour: bool) -> Console:
    return Console(
        file=written,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )


def _print_banner(console: Console, part: Part, verdict: Verdict, outcome: str) -> None:
    title = part["experiment"]["title"].text or part["title"].text or part["id"].text
    line = f"{verdict.value.upper()}  {': '.join(filter(None, [outcome, title]))}"
    if console.color_system:
        style = f"bold {_INK[verdict]} on {_COLOURS[verdict]}"
        console.print(Padding(Text(line), (1, 2), style=style, expand=True))
    else:
        console.print(Text(line))
        console.print("━" * console.width)
    meaning = meaning_of(outcome, verdict).sentence
    console.print(Text(f"{meaning[0].upper()}{meaning[1:]}."))
    console.print()


def _sections(part: Part, verdict: Verdict, outcome: str, width: int) -> Iterable[_Section]:
    inside = width - (_LABEL if width >= _ROOM_FOR_LABEL else 2)
    yield "why", _reasons(part, verdict)
    yield "judged", _judgements(part)
    yield "times", times(part["recovery"], inside)
    if table := operations_table(part["operations"], width, _LABEL):
        yield "", [table]
    else:
        yield "operations", operation_lines(part["operations"])
    yield "consistency", promises(part["consistency"])
    yield "load", _load(part["load"])
    yield "faults", hurt(part["faults"], is_dry=outcome == "dry")
    yield "machine", _machine(part["machine"])
    yield "took", _took(part)
    if next_step := meaning_of(outcome, verdict).next_step:
        yield "next", [Text(next_step, style="bold")]


def _reasons(part: Part, verdict: Verdict) -> Iterable[RenderableType]:
    reasons = [reason.text for reason in part["reasons"].parts or () if reason.text]
    listed = Table.grid(padding=(0, 1, 0, 0))
    for reason in reasons[:_MOST_REASONS]:
        listed.add_row("·", Text(reason, style="" if verdict is Verdict.PASS else "bold"))
    if reasons:
        yield listed
    if len(reasons) > _MOST_REASONS:
        yield Text(f"and {len(reasons) - _MOST_REASONS} more in result.json", style="dim")


def _judgements(part: Part) -> Iterable[Text]:
    marks = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNKNOWN: "?"}
    told = []
    for each in part["judgements"].parts or ():
        verdict = verdict_of(each["verdict"].text)
        if what := each["what"].text:
            told.append(Text(f"{marks[verdict]} {what}", style=_COLOURS[verdict]))
    if told:
        yield Text(", ").join(told)


def _load(load: Part) -> Iterable[Text]:
    told = list(filter(None, [load["shape"].text, _rates(load), _begun(load)]))
    if (late_ms := load["lag_p99_ms"].number) is not None:
        told.append(f"at most {latency(late_ms)} late (p99)")
    elif told:
        told.append("how late it was: not measured")
    if told:
        yield Text(", ".join(told))


def _rates(load: Part) -> str:
    now, most = load["rate_per_s"].number, load["capacity_per_s"].number
    if now is None:
        return ""
    return rate(now) + (f" of a capacity of {rate(most)}" if most is not None else "")


def _begun(load: Part) -> str:
    begun, due = load["begun"].number, load["due"].number
    return "" if begun is None or due is None else f"{begun:.0f} of {due:.0f} arrivals begun"


def _machine(machine: Part) -> Iterable[Text]:
    """Only what may have spoiled the run."""
    if noisy_s := machine["noisy_s"].number:
        yield Text(f"noisy for {measured(noisy_s)}: what was late then may have been the machine", style="yellow")


def _took(part: Part) -> Iterable[Text]:
    told = [spent(took_s)] if (took_s := part["took_s"].number) is not None else []
    if began := when(part["began_at"].text):
        told.append(f"began {began}")
    if seed := part["seed"].word:
        told.append(f"seed {seed}")
    if told:
        yield Text(", ".join(told))


def _print_section(console: Console, label: str, content: list[RenderableType]) -> None:
    if not label:
        console.print(*content)
    elif not content:
        return
    elif console.width < _ROOM_FOR_LABEL:
        console.print(Text(label, style="dim"))
        for each in content:
            console.print(Padding(each, (0, 0, 0, 2), expand=False))
    else:
        table = Table.grid()
        table.add_column(width=_LABEL, style="dim")
        table.add_column(overflow="fold")
        for place, each in enumerate(content):
            table.add_row("" if place else label, each)
        console.print(table)


def _print_to_copy(console: Console, label: str, words: str) -> None:
    """Whole, however long: the terminal may wrap it, we may not."""
    if not words:
        return
    if console.width < _ROOM_FOR_LABEL:
        console.print(Text(label, style="dim"))
        console.print(Text(f"  {words}"), soft_wrap=True)
    else:
        console.print(Text.assemble((f"{label:<{_LABEL}}", "dim"), words), soft_wrap=True)
