"""The faults of a run: what they were, how long each was in force, or what a dry run would have touched."""

from collections.abc import Iterable

from chaos_aura.report.line import Line
from chaos_aura.report.part import Part
from chaos_aura.report.quantity import measured

_MOST = 8


def hurt(faults: Part, is_dry: bool) -> Iterable[Line]:
    known = faults.parts or ()
    for fault in known[:_MOST]:
        told = Line.of((_named(fault), "bold"), *_by(fault))
        if is_dry:
            yield told
            yield from _touched(fault)
        else:
            yield Line.of(told, ", ", _in_force(fault))
    if len(known) > _MOST:
        yield Line.of((f"and {len(known) - _MOST} more in result.json", "dim"))


def _named(fault: Part) -> str:
    parameters = [f"{name}={value.word}" for name, value in fault["parameters"].members or () if value.word]
    return " ".join(filter(None, [fault["kind"].text or "fault", fault["target"].text, *parameters]))


def _by(fault: Part) -> Iterable[tuple[str, str]]:
    if injector := fault["injector"].text:
        yield f" by {injector}", "dim"


def _in_force(fault: Part) -> Line:
    since_s, until_s = fault["in_force_s"].number, fault["healed_s"].number
    if since_s is None:
        return Line.of(("not proven in force", "bold red"))
    if until_s is None:
        return Line.of(("in force, and not proven gone", "bold red"))
    return Line.of(f"in force for {measured(until_s - since_s)}")


def _touched(fault: Part) -> Iterable[Line]:
    if fault["unknown"].is_there:
        yield Line.of("  what it would touch is not known")
    elif wrong := fault["wrong"].text:
        yield Line.of("  would be refused: ", (wrong, "bold"))
    for touched in fault["touches"].parts or ():
        if touched.word:
            yield Line.of(f"  would touch {touched.word}")
