"""Exclusive leases: each thing has one owner at a time, several are taken together or not at all, tokens only grow.

"Busy" and "no capacity" are answers like others: there must be a moment at which they were true. What expires is free
from then on, if its owner has not given it back before.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

from chaos_aura.judge.consistency.models.lease_call import (
    ACQUIRE,
    BUSY,
    EXPIRE,
    NO_CAPACITY,
    READ,
    RELEASE,
    Call,
    call_of,
    is_stand_in,
    stand_ins,
)
from chaos_aura.judge.consistency.models.model import State, Undecidable
from chaos_aura.judge.consistency.op import End, Op


class Held(NamedTuple):
    """`expires_ns` tells one lease of an owner from another."""

    key: str
    owner: str
    kind: str
    token: int | None
    expires_ns: int | None


class _Now(NamedTuple):
    """`newest`: the last token of each thing that had one."""

    held: frozenset[Held] = frozenset()
    newest: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True)
class Lease:
    """`total`: how many there are of each kind, `""` where kinds have no name. Without it nobody can say whether "no
    capacity" was true, and it is not judged."""

    total: Mapping[str, int] = field(default_factory=dict)

    name: ClassVar[str] = "lease"
    functions: ClassVar[frozenset[str]] = frozenset((ACQUIRE, RELEASE, READ))

    def initial(self) -> State:
        return _Now()

    def refuse(self, op: Op) -> None:
        call_of(op)

    def says(self, op: Op) -> bool:
        if op.end is End.FAIL:
            call = call_of(op)
            is_answer = bool(call.keys) if op.error == BUSY else op.error == NO_CAPACITY and call.kind in self.total
            return op.f == ACQUIRE and is_answer
        return op.is_sure or op.f != READ

    def only_looks(self, op: Op) -> bool:
        return op.f == READ or op.end is End.FAIL

    def step(self, state: State, op: Op) -> State | None:
        assert isinstance(state, _Now)
        if op.f == EXPIRE:
            return _expired(state, op.asked)
        call = call_of(op)
        if op.f == READ:
            return state if call.holder == _holder(state, call.keys[0]) else None
        if op.f == ACQUIRE:
            return _acquired(state, call) if op.end is not End.FAIL else self._refused(state, op, call)
        return _released(state, call)

    def whose(self, op: Op) -> str:
        """Without an owner it is the process's: the same words of another are another operation."""
        return op.process if op.f in (ACQUIRE, RELEASE) and call_of(op).owner == op.process else ""

    def parts(self, ops: Sequence[Op]) -> dict[Hashable, Sequence[Op]]:
        """By what was ever taken together; those of a kind whose capacity is asked about are one part."""
        calls = [(op, call_of(op)) for op in _named(ops)]
        keys_of = _keys_of_owners(call for op, call in calls if op.f != READ)
        are_unnamed = any(is_stand_in(key) for _, call in calls for key in call.keys)  # each may be any of them
        joined = _Joined()
        roots: list[str] = []
        for _, call in calls:
            keys = call.keys or tuple(keys_of.get(call.owner, ())) or (f"{RELEASE} of {call.owner}",)
            if self.total and (call.kind in self.total or not call.kind):
                keys = (*keys, "counted")
            joined.join(keys if not are_unnamed else (*keys, "all"))
            roots.append(keys[0])
        parts: dict[Hashable, list[Op]] = {}
        for (op, _), root in zip(calls, roots, strict=True):
            parts.setdefault(joined.root(root), []).append(op)
        return {name: with_expiries(part) for name, part in parts.items()}

    def _refused(self, state: _Now, op: Op, call: Call) -> State | None:
        if op.error == BUSY:
            return state if any(each.key in call.keys or is_stand_in(each.key) for each in state.held) else None
        taken = sum(each.kind in (call.kind, "") for each in state.held)  # that of no known kind may be of this
        return state if self.total[call.kind] - taken < call.count else None


def _acquired(state: _Now, call: Call) -> State | None:
    if call.is_partial or any(each.key in call.keys for each in state.held):
        return None
    newest = state.newest
    if call.token is not None:
        before = dict(state.newest)
        if any(before.get(key, -1) >= call.token for key in call.keys):
            return None
        newest = frozenset({**before, **dict.fromkeys(call.keys, call.token)}.items())
    return _Now(
        state.held | {Held(key, call.owner, call.kind, call.token, call.expires_ns) for key in call.keys}, newest
    )


def _released(state: _Now, call: Call) -> State | None:
    """By its owner, or by the clock."""
    given = {each for each in state.held if each.owner == call.owner and (not call.keys or each.key in call.keys)}
    if not given or (call.keys and len(given) != len(call.keys)):
        return None
    if call.token is not None and any(each.token not in (None, call.token) for each in given):
        return None
    return _Now(state.held - given, state.newest)


def _expired(state: _Now, lease: Mapping[str, Any]) -> State | None:
    """What is left of it."""
    over = {each for each in state.held if (each.owner, each.expires_ns) == (lease["owner"], lease["expires"])}
    return _Now(state.held - over, state.newest) if over else None


def _holder(state: _Now, key: str) -> str | None:
    return next((each.owner for each in state.held if each.key == key), None)


def _named(ops: Sequence[Op]) -> Iterator[Op]:
    """With a kind where another line tells it; and of an acquisition of which nobody knows what it got, what its owner
    was seen with, and stand-ins for the rest."""
    calls = [call_of(op) for op in ops]
    kinds = {
        key: call.kind for op, call in zip(ops, calls, strict=True) if op.f == ACQUIRE for key in call.keys if call.kind
    }
    seen: dict[str, set[str]] = {}
    for call in calls:
        if owner := call.holder or call.owner:
            seen.setdefault(owner, set()).update(call.keys)
    times = Counter(
        call.owner for op, call in zip(ops, calls, strict=True) if op.f == ACQUIRE and op.end is not End.FAIL
    )
    for op, call in zip(ops, calls, strict=True):
        if op.f != ACQUIRE or op.end is End.FAIL:
            yield op
            continue
        asked = dict(op.asked) if isinstance(op.asked, dict) else {"owner": call.owner}
        if not call.kind and call.keys and (told := {kinds.get(key, "") for key in call.keys}) and len(told) == 1:
            asked["kind"] = told.pop()
        if not call.keys:
            if times[call.owner] > 1:
                raise Undecidable(f"{call.owner} asked several times, and nobody knows what it got in line {op.line}")
            known = sorted(seen[call.owner])[: call.count]
            asked["keys"] = [*known, *stand_ins(call, len(known))]
        yield replace(op, asked=asked)


def _keys_of_owners(calls: Iterable[Call]) -> dict[str, set[str]]:
    keys: dict[str, set[str]] = {}
    for call in calls:
        keys.setdefault(call.owner, set()).update(call.keys)
    return keys


def with_expiries(ops: Sequence[Op]) -> Sequence[Op]:
    """A lease that expires may be given back by the clock from then on."""
    taken = [(op, call_of(op)) for op in ops if op.f == ACQUIRE and op.end is not End.FAIL]
    expiring = [(op, call) for op, call in taken if call.expires_ns is not None]
    if not expiring:
        return ops
    moments = sorted(
        (at_ns, position)
        for op in ops
        for at_ns, position in ((op.invoked_ns, op.invoked), (op.ended_ns, op.ended))
        if at_ns is not None and position is not None
    )
    return sorted([*ops, *(_expiry(op, call, moments) for op, call in expiring)], key=lambda each: each.invoked)


def _expiry(op: Op, call: Call, moments: Sequence[tuple[int, int]]) -> Op:
    before = bisect_left(moments, (call.expires_ns,))
    position = moments[before - 1][1] + 1 if before else op.invoked - 1
    asked = {"owner": call.owner, "expires": call.expires_ns}
    return Op(EXPIRE, "clock", asked, None, End.INFO, position, None, line=op.line, end_line=op.end_line)


class _Joined:
    """Names in groups; joining one of each joins both."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def root(self, name: str) -> str:
        while (above := self._above.setdefault(name, name)) != name:
            self._above[name] = self._above[above]
            name = above
        return name

    def join(self, names: Sequence[str]) -> None:
        first = self.root(names[0])
        for name in names[1:]:
            self._above[self.root(name)] = first
