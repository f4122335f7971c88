"""How a run stands, in a few lines of one width: the live region's content.

preflight → hypothesis → baseline → FAULT → recovery → judging → rollback
━━━━━━━━━━━━━━━─────────── 8.2 s of 15 s  it is hurt, and tenants go on asking
fault     stop neo4j: in force for 8.2 s
load      98.2 % ok, p95 812 ms, 4.5/s, 3 under way
breakers  neo4j open, 4 closed
health    ✗ neo4j, 7 healthy
"""

from collections.abc import Iterable, Sequence

from chaos_aura.report.bar import bar
from chaos_aura.report.line import Line
from chaos_aura.report.plain_text import one_line
from chaos_aura.report.quantity import latency, percent, rate, spent
from chaos_aura.run.standing import FaultNow, Phase, Standing

_LABEL = 10
_MOST_FAULTS = 4
_WIDEST_BAR = 26
_GOOD, _BEARABLE = 0.99, 0.9
_PATH = tuple(phase for phase in Phase if phase is not Phase.OVER)

type _Named = tuple[str, str, bool]  # how it is told, its style, whether it is as it should be


def panel(standing: Standing, width: int) -> list[Line]:
    lines = [
        Line.of(("─" * width, "dim")),
        _path(standing.phase, width),
        _progress(standing, width),
        *_faults(standing.faults),
        *_load(standing),
        *_many("breakers", _breakers(standing), "closed", width),
        *_many("health", _health(standing), "healthy", width),
    ]
    if standing.note:
        lines.append(Line.of((one_line(standing.note), "italic")))
    return [line.cut(width) for line in lines]


def _path(phase: Phase, width: int) -> Line:
    stages = _PATH if phase in _PATH else (*_PATH, phase)
    words = Line.of((" → ", "dim")).between(_stage(each, phase) for each in stages)
    if words.cells <= width:
        return words
    place = f"  {_PATH.index(phase) + 1} of {len(_PATH)}" if phase in _PATH else ""
    return Line.of(_stage(phase, phase), (place, "dim"))


def _stage(each: Phase, now: Phase) -> Line:
    if each is now:
        return Line.of((each.value.upper(), "bold red" if each is Phase.FAULT else "bold cyan"))
    return Line.of((each.value, "green" if _order(each) < _order(now) else "dim"))


def _order(phase: Phase) -> int:
    return list(Phase).index(phase)


def _progress(standing: Standing, width: int) -> Line:
    told = Line.of(spent(standing.since_s))
    if standing.at_most_s:
        drawn = bar(standing.since_s / standing.at_most_s, min(_WIDEST_BAR, width // 3))
        told = Line.of(drawn, " ", told, f" of {spent(standing.at_most_s)}")
    return Line.of(told, "  ", (standing.sentence, "dim"))


def _faults(faults: Sequence[FaultNow]) -> Iterable[Line]:
    label = "fault" if len(faults) == 1 else "faults"
    for place, fault in enumerate(faults[:_MOST_FAULTS]):
        style = "red" if fault.state == "in force" else "yellow"
        told = Line.of(one_line(fault.text), ": ", (one_line(fault.state), style), f" for {spent(fault.for_s)}")
        yield _labelled("" if place else label, told)
    if len(faults) > _MOST_FAULTS:
        yield _labelled("", Line.of((f"and {len(faults) - _MOST_FAULTS} more", "dim")))


def _load(standing: Standing) -> Iterable[Line]:
    told = []
    if standing.success_rate is not None:
        told.append(Line.of((f"{percent(standing.success_rate)} ok", _style_of(standing.success_rate))))
    if standing.p95_s is not None:
        told.append(Line.of(f"p95 {latency(standing.p95_s * 1000)}"))
    if standing.load is not None:
        told += [Line.of(rate(standing.load.rate_per_s)), Line.of(f"{standing.load.under_way} under way")]
    if told:
        yield _labelled("load", Line.of(", ").between(told))


def _style_of(success_rate: float) -> str:
    if success_rate >= _GOOD:
        return "green"
    return "yellow" if success_rate >= _BEARABLE else "red"


def _breakers(standing: Standing) -> list[_Named]:
    return [
        (f"{one_line(name)} {one_line(state)}", "green" if state == "closed" else "bold red", state == "closed")
        for name, state in standing.breakers.items()
    ]


def _health(standing: Standing) -> list[_Named]:
    marks = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("?", "yellow")}
    return [
        (f"{marks[well][0]} {one_line(name)}", marks[well][1], well is True) for name, well in standing.health.items()
    ]


def _many(label: str, all_of_them: list[_Named], well: str, width: int) -> Iterable[Line]:
    """Where they do not fit, those that are as they should be are counted: the others must be seen."""
    if not all_of_them:
        return
    line = _labelled(label, Line.of("  ").between(Line.of((told, style)) for told, style, _ in all_of_them))
    if line.cells > width:
        told = [Line.of((words, style)) for words, style, is_well in all_of_them if not is_well]
        if fine := len(all_of_them) - len(told):
            told.append(Line.of((f"{fine} {well}", "green")))
        line = _labelled(label, Line.of("  ").between(told))
    yield line


def _labelled(label: str, told: Line) -> Line:
    return Line.of((f"{label:<{_LABEL}}", "dim"), told)
