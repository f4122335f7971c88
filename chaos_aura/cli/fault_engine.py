"""What the commands about faults have in common: the engine of the project around the current folder."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos_aura.core.catalogue import EXTERNAL
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import stack_meant
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.registry import Registry

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def ground_here() -> Ground:
    return Ground(Project.around(Path.cwd(), os.environ).home, os.environ)


def ground_with_targets(target: str = "") -> Ground:
    """The same, with what somebody else's project describes now; `target` is to be what its file says.

    Healing does without: the file may be broken.
    """
    ground = ground_here()
    if stack_meant(ground.home.parent, os.environ) == EXTERNAL:
        from chaos_aura.stack.external.stack import ExternalStack  # noqa: PLC0415 - for who has one

        stack = ExternalStack.of(Project.around(Path.cwd(), os.environ), os.environ)
        if target:
            stack.refuse_strange(target)
    return ground


@contextmanager
def engine_on(ground: Ground) -> Iterator[Engine]:
    link = ReaperLink(ground.home)
    engine = Engine(ground, Registry.installed(ground), link)
    try:
        yield engine
    finally:
        engine.close()
        link.close()


def seconds(text: str, where: str = "--for") -> float:
    """`10s`, `500ms`, `2m`, `1.5` (seconds)."""
    number, unit = text.strip(), "s"
    for known in ("ms", "s", "m", "h"):
        if number.endswith(known):
            number, unit = number.removesuffix(known), known
            break
    try:
        value = float(number) * _UNITS_S[unit]
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise BadInput(where, f"{text!r} is no length of time", "write such as 500ms, 10s, 2m")
    return value


def pairs(texts: list[str] | None) -> dict[str, str]:
    """From `key=value` each."""
    read: dict[str, str] = {}
    for text in texts or []:
        key, is_pair, value = text.partition("=")
        if not is_pair or not key:
            raise BadInput("--param", f"{text!r} is not key=value", "write such as --param latency_ms=200")
        if key in read:
            raise BadInput("--param", f"{key} is given twice", "give it once")
        read[key] = value
    return read


def left_words(left_s: float) -> str:
    return f"{left_s:.0f} s" if left_s >= 1 else "over"
