"""Whether a history can be explained by a model, part by part: what is true of each object is true of all together."""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

from chaos_aura.core.errors import BadInput
from chaos_aura.judge.consistency.evidence import finding_of
from chaos_aura.judge.consistency.models import Model
from chaos_aura.judge.consistency.models.model import BadOp, Undecidable
from chaos_aura.judge.consistency.op import Op
from chaos_aura.judge.consistency.problem import problem_of
from chaos_aura.judge.consistency.search import Answer, Clock, search
from chaos_aura.judge.consistency.verdict import Checked, Part, Validity, checked

TIME_LIMIT_S = 60.0


def _all(_: Sequence[Op]) -> bool:
    return True


def check(
    ops: Sequence[Op],
    model: Model,
    *,
    time_limit_s: float = TIME_LIMIT_S,
    where: str = "the history",
    wanted: Callable[[Sequence[Op]], bool] = _all,
    clock: Clock = time.monotonic,
) -> Checked:
    """BadInput when an operation is none of the model's. What could not be decided in time is unknown.

    `wanted`: which parts have to be looked at.
    """
    began_s = clock()
    refuse_strangers(ops, model, where)
    try:
        split_ops = split(ops, model)
    except Undecidable as cause:
        parts = [Part(None, len(ops), Validity.UNKNOWN, why=str(cause))]
    else:
        until_s = began_s + time_limit_s
        parts = [_judged(key, some, model, until_s, clock) for key, some in split_ops.items() if wanted(some)]
    return checked(len(ops), parts, clock() - began_s)


def refuse_strangers(ops: Sequence[Op], model: Model, where: str) -> None:
    for op in ops:
        for why in _objections(op, model):
            raise BadInput(f"{where}, line {op.line}", why, "name the right model with --model, or put the line right")


def split(ops: Sequence[Op], model: Model) -> Mapping[Hashable, Sequence[Op]]:
    """What has to be explained, by object, in the order of invocations."""
    telling = [op for op in ops if model.says(op)]
    parts: Callable[[Sequence[Op]], Mapping[Hashable, Sequence[Op]]] = getattr(model, "parts", _by_key)
    return parts(telling)


def _by_key(ops: Sequence[Op]) -> dict[Hashable, Sequence[Op]]:
    parts: dict[Hashable, list[Op]] = {}
    for op in ops:
        parts.setdefault(op.key, []).append(op)
    return dict(parts)


def _objections(op: Op, model: Model) -> Iterator[str]:
    if op.f not in model.functions:
        yield f"`f` is {op.f!r}, which {model.name} does not know; it knows {', '.join(sorted(model.functions))}"
        return
    try:
        model.refuse(op)
    except BadOp as cause:
        yield str(cause)


def _judged(key: Hashable, ops: Sequence[Op], model: Model, until_s: float, clock: Clock) -> Part:
    problem = problem_of(ops, model)
    start = model.initial()
    found = search(problem, [problem.table.state(start)], until_s, clock)
    if found.answer is Answer.YES:
        return Part(key, len(ops), Validity.VALID)
    if found.answer is Answer.NO:
        return Part(key, len(ops), Validity.INVALID, finding_of(problem, found, start, clock, until_s))
    more = "; allow more with --time-limit" if found.answer is Answer.OUT_OF_TIME else ""
    why = f"{found.answer.value}: {found.reached:,} of {len(problem.events):,} events could be explained{more}"
    return Part(key, len(ops), Validity.UNKNOWN, why=why)
