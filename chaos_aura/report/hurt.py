"""The faults of a run: what they were, how long each was in force, or what a dry run would have touched."""

from collections.abc import Iterable

from rich.text import Text

from chaos_aura.report.part import Part
from chaos_aura.report.quantity import measured

_MOST = 8


def hurt(faults: Part, is_dry: bool) -> Iterable[Text]:
    known = faults.parts or ()
    for fault in known[:_MOST]:
        told = Text.assemble((_named(fault), "bold"), *_by(fault))
        if is_dry:
            yield told
            yield from _touched(fault)
        else:
            yield Text.assemble(told, ", ", _in_force(fault))
    if len(known) > _MOST:
        yield Text(f"and {len(known) - _MOST} more in result.json", style="dim")


def _named(fault: Part) -> str:
    parameters = [f"{name}={value.word}" for name, value in fault["parameters"].members or () if value.word]
    return " ".join(filter(None, [fault["kind"].text or "fault", fault["target"].text, *parameters]))


def _by(fault: Part) -> Iterable[tuple[str, str]]:
    if injector := fault["injector"].text:
        yield f" by {injector}", "dim"


def _in_force(fault: Part) -> Text:
    since_s, until_s = fault["in_force_s"].number, fault["healed_s"].number
    if since_s is None:
        return Text("not proven in force", style="bold red")
    if until_s is None:
        return Text("in force, and not proven gone", style="bold red")
    return Text(f"in force for {measured(until_s - since_s)}")


def _touched(fault: Part) -> Iterable[Text]:
    for touched in fault["touches"].parts or ():
        if touched.word:
            yield Text(f"  would touch {touched.word}")
