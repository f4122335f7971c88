"""Leases judged without a search where that suffices, and by the search where it does not."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_aura.judge.consistency.check import TIME_LIMIT_S, check
from chaos_aura.judge.consistency.jepsen import read_ops
from chaos_aura.judge.consistency.leases.answers import Answers
from chaos_aura.judge.consistency.leases.reading import read_story
from chaos_aura.judge.consistency.leases.rows import NotPlain
from chaos_aura.judge.consistency.leases.story import Story
from chaos_aura.judge.consistency.leases.sweep import Violation, line_of, partial, returned, swept
from chaos_aura.judge.consistency.models.lease import Lease
from chaos_aura.judge.consistency.models.lease_call import EXPIRE, NO_CAPACITY, Call, call_of
from chaos_aura.judge.consistency.op import Op
from chaos_aura.judge.consistency.search import Clock
from chaos_aura.judge.consistency.verdict import Checked, Finding, Part, Validity, checked


@dataclass(frozen=True)
class Swept:
    """`keys`, `kinds`, `owners`: of whom only the search can say more."""

    operations: int
    violations: tuple[Violation, ...] = ()
    keys: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def is_decided(self) -> bool:
        return bool(self.violations) or not (self.keys or self.kinds or self.owners)

    def touches(self, ops: Sequence[Op]) -> bool:
        """Whether something that is undecided is among these."""
        calls = [call_of(op) for op in ops if op.f != EXPIRE]
        return any(self._is_of(call) for call in calls)

    def _is_of(self, call: Call) -> bool:
        may_be_counted = bool(self.kinds) and call.kind in (*self.kinds, "")
        return may_be_counted or call.owner in self.owners or not self.keys.isdisjoint(call.keys)


def check_leases(
    open_blocks: Callable[[], Iterable[bytes]],
    model: Lease,
    *,
    time_limit_s: float = TIME_LIMIT_S,
    where: str = "the history",
    clock: Clock = time.monotonic,
) -> Checked:
    """BadInput when it cannot be understood. `open_blocks` gives the content of the history from its beginning."""
    began_s = clock()
    try:
        with _no_cycles():
            found = sweep(read_story(open_blocks()), model)
    except (NotPlain, TypeError):
        found = None  # the careful reader says what it is
    if found and found.is_decided:
        return checked(found.operations, map(_part, found.violations), clock() - began_s, found.notes)
    read = read_ops(_lines(open_blocks()), where)
    rest_s = time_limit_s - (clock() - began_s)
    wanted = found.touches if found else (lambda _: True)
    searched = check(read.ops, model, time_limit_s=rest_s, where=where, wanted=wanted, clock=clock)
    return checked(searched.operations, searched.parts, clock() - began_s, read.notes)


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Millions of values are made, none of which knows itself: to look for such would take a fifth of the time."""
    was_looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_looking:
            gc.enable()


def sweep(story: Story, model: Lease) -> Swept:
    """What is wrong is certain; what is left open is named."""
    line = line_of(story)
    wrong = [*swept(line), *returned(story), *partial(story)]
    if wrong:
        return Swept(story.operations, tuple(sorted(wrong, key=lambda each: each.at)), notes=story.notes)
    answers = Answers(story, line, model.total)
    wrong = sorted(answers.judge(), key=lambda each: each.at)
    return Swept(
        story.operations,
        tuple(wrong),
        frozenset(key for saw in answers.undecided for key in saw.keys),
        frozenset(saw.kind for saw in answers.undecided if saw.what == NO_CAPACITY),
        frozenset(story.doubtful),
        story.notes,
    )


def _part(violation: Violation) -> Part:
    return Part(violation.key, 0, Validity.INVALID, Finding(violation.told, violation.lines))


def _lines(blocks: Iterable[bytes]) -> Iterable[bytes]:
    for block in blocks:
        yield from block.split(b"\n") if not block.endswith(b"\n") else block[:-1].split(b"\n")
