"""A history in a file, read and judged."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from chaos_aura.core.errors import BadInput
from chaos_aura.judge.consistency.check import check
from chaos_aura.judge.consistency.guess import guessed
from chaos_aura.judge.consistency.jepsen import read_ops
from chaos_aura.judge.consistency.leases.judging import check_leases
from chaos_aura.judge.consistency.leases.rows import blocks
from chaos_aura.judge.consistency.models import MODELS, Lease
from chaos_aura.judge.consistency.verdict import Checked

_GUESSED_BY = 10_000  # lines


def check_file(path: Path, model: str, total: Mapping[str, int], time_limit_s: float) -> tuple[str, Checked]:
    """The name of the model, and what came of it. BadInput when the history or the model cannot be used."""
    where = str(path)
    name = model or _guessed(path)
    if name not in MODELS:
        raise BadInput(name, "is no model", f"there are: {', '.join(MODELS)}")
    if name == Lease.name:
        leases = Lease(total)
        found = check_leases(lambda: _blocks(path), leases, time_limit_s=time_limit_s, where=where)
        return name, _of_something(found, where)
    if total:
        raise BadInput("--total", f"says nothing to the model {name}", "leave it out, or use --model lease")
    with path.open("rb") as file:
        read = read_ops(file, where)
    found = check(read.ops, MODELS[name](), time_limit_s=time_limit_s, where=where)
    return name, _of_something(replace(found, notes=read.notes), where)


def _of_something(found: Checked, where: str) -> Checked:
    """Where there is nothing, nothing can be wrong."""
    if not found.operations:
        raise BadInput(where, "holds no operation", "name a file of a history")
    return found


def lines_of(path: Path, wanted: set[int]) -> dict[int, str]:
    """By number."""
    with path.open("rb") as file:
        numbered = ((number, line) for number, line in enumerate(file, 1) if number in wanted)
        return {number: line.decode("utf-8", "replace").strip() for number, line in numbered}


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from blocks(file)


def _guessed(path: Path) -> str:
    with closing(_rows(path)) as rows:
        name = guessed(islice(rows, _GUESSED_BY))
    if not name:
        raise BadInput(str(path), "fits no model by its functions", f"name one with --model: {', '.join(MODELS)}")
    return name


def _rows(path: Path) -> Generator[Any]:
    with path.open("rb") as file:
        for line in file:
            with suppress(orjson.JSONDecodeError):
                yield orjson.loads(line)
