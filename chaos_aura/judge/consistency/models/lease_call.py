"""What an operation on leases says, as typed values.

    {"f": "acquire", "key": "a100-0", "value": {"owner": "r1"}}                        one thing, by name
    {"f": "acquire", "value": {"owner": "r1", "keys": ["a100-0", "a100-1"]}}           several, all or none
    {"f": "acquire", "value": {"owner": "r1", "kind": "a100", "count": 2}}             any two; the answer names `keys`
    {"type": "ok", "f": "acquire", "value": {"keys": [...], "token": 7, "expires": 81204131203377}}
    {"type": "fail", "f": "acquire", "error": "busy"}          somebody else had one of them
    {"type": "fail", "f": "acquire", "error": "no_capacity"}   too few of the kind were free
    {"f": "release", "value": {"owner": "r1", "token": 7}}     all that the owner has, or its `keys`
    {"f": "read", "key": "a100-0"}, answered "r1" or null      who has it

`token` grows with each grant of a thing (fencing). `expires` is the time at which it is free again by itself; who asks
says so by `ttl`, in nanoseconds, which counts where the answer does not tell. Without `owner` it is the process's. Who
asks names `owner`, `keys`, `kind`, `count` and `ttl`; the answer `keys`, `token` and `expires`, and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos_aura.judge.consistency.models.model import BadOp
from chaos_aura.judge.consistency.op import Op, told

ACQUIRE, RELEASE, READ, EXPIRE = "acquire", "release", "read", "expire"
BUSY, NO_CAPACITY = "busy", "no_capacity"
_UNNAMED = "?"
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Call:
    """`keys`: those that were asked for by name, or that the answer names. `is_partial`: these are not the same."""

    owner: str
    keys: tuple[str, ...] = ()
    kind: str = ""
    count: int = 0
    token: int | None = None
    expires_ns: int | None = None
    holder: str | None = None  # what a reading said
    is_partial: bool = False


def call_of(op: Op) -> Call:
    """BadOp when it cannot be understood."""
    if op.f == READ:
        if op.key is None:
            raise BadOp("read needs a `key`")
        holder = op.answered.get("owner") if isinstance(op.answered, dict) else op.answered
        return Call("", (told(op.key),), holder=None if holder is None else told(holder))
    asked = _mapping(op, op.asked)
    answered = answer_of(op.answered) if op.is_sure and op.f == ACQUIRE else {}
    keys = (told(op.key),) if op.key is not None else _names(answered.get("keys", asked.get("keys", [])))
    count = _whole("count", asked.get("count", len(keys))) or 0
    if op.f == ACQUIRE and not keys and (op.is_sure or not count):
        raise BadOp("acquire names neither a `key` nor `keys`" + ("" if op.is_sure else " nor a `count`"))
    if count > MOST:
        raise BadOp(f"`count` is more than {MOST:,}: {count}")
    return Call(
        owner=_name("owner", asked.get("owner", "")) or op.process,
        keys=keys,
        kind=_name("kind", asked.get("kind", "")),
        count=max(count, len(keys)),
        token=_whole("token", (answered if op.f == ACQUIRE else asked).get("token")),
        expires_ns=_expires_ns(op, asked, answered),
        is_partial=op.f == ACQUIRE and op.is_sure and is_partial(asked, keys),
    )


def answer_of(value: Any) -> Mapping[str, Any]:
    """`keys`, `token` and `expires` of whoever got something. Any other answer says only that he did."""
    return {name: each for name, each in value.items() if each is not None} if isinstance(value, dict) else {}


def is_partial(asked: Mapping[str, Any], keys: Sequence[str]) -> bool:
    """Whether somebody got something else than he had asked for: all or nothing is the rule."""
    wanted, count = asked.get("keys"), asked.get("count")
    return set(wanted) != set(keys) if wanted else count is not None and count != len(keys)


def stand_ins(call: Call, beyond: int) -> tuple[str, ...]:
    """For things that nobody knows the names of: nobody else can have one of them, but they are taken."""
    return tuple(f"{_UNNAMED}{call.owner}#{number}" for number in range(beyond, call.count))


def is_stand_in(key: str) -> bool:
    return key.startswith(_UNNAMED)


def _mapping(op: Op, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, str):
        return {"owner": value}
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if each is not None}
    raise BadOp(f"`value` of {op.f} is neither an owner nor an object: {value!r}")


def _expires_ns(op: Op, asked: Mapping[str, Any], answered: Mapping[str, Any]) -> int | None:
    """Not before."""
    told_ns, ttl_ns = _whole("expires", answered.get("expires")), _whole("ttl", asked.get("ttl"))
    if told_ns is None and ttl_ns is None:
        return None
    if op.invoked_ns is None:
        raise BadOp("what expires needs a `time`")
    return told_ns if told_ns is not None else op.invoked_ns + (ttl_ns or 0)


def _name(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadOp(f"`{what}` is no text: {value!r}")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise BadOp(f"`keys` is no list of names: {value!r}")
    if len(set(value)) != len(value):
        raise BadOp(f"`keys` names one twice: {value!r}")
    return tuple(value)


def _whole(name: str, value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise BadOp(f"`{name}` is no whole number: {value!r}")
    return value
