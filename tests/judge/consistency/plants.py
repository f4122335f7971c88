"""Five ways in which a wrong service gives itself away, put into a right history where nothing can explain them."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lease_histories import Row

_NEW = 10_000


class NoPlace(Exception):
    """The history has none where it could not be explained."""


@dataclass(frozen=True)
class Held:
    """A hold of which all is known: positions of its four lines, the last two None while nobody asked."""

    owner: str
    keys: tuple[str, ...]
    had: int
    ends: int | None
    ended: int | None


def holds(rows: list[Row]) -> Iterator[Held]:
    """Granted, and given back once or never."""
    for had, row in enumerate(rows):
        if row["f"] == "acquire" and row["type"] == "ok":
            owner = next(each["value"]["owner"] for each in reversed(rows[:had]) if each["process"] == row["process"])
            of_owner = [
                (at, each)
                for at, each in enumerate(rows)
                if each["f"] == "release" and (each.get("value") or {}).get("owner") == owner
            ]
            asked = [at for at, each in of_owner if each["type"] == "invoke"]
            ends = asked[0] if asked else None
            told = _told(rows, ends) if ends is not None else None
            if told is None or rows[told]["type"] == "ok":
                yield Held(owner, tuple(row["value"]["keys"]), had, ends, told)


def _told(rows: list[Row], asked: int) -> int | None:
    process = rows[asked]["process"]
    return next((at for at in range(asked + 1, len(rows)) if rows[at]["process"] == process), None)


def double_grant(rows: list[Row], some: random.Random) -> list[Row]:
    """Somebody else gets what is certainly held."""
    held = _any(some, [each for each in holds(rows) if (each.ends or len(rows)) > each.had])
    at = some.randint(held.had + 1, held.ends if held.ends is not None else len(rows))
    return _with(
        rows, at, _asked("acquire", {"owner": "twice", "kind": "g", "keys": [held.keys[0]]}, {"keys": [held.keys[0]]})
    )


def lost_release(rows: list[Row], some: random.Random) -> list[Row]:
    """What was given back, and taken by nobody since, is still busy."""
    held = _any(some, [each for each in holds(rows) if each.ended is not None])
    key, at = held.keys[0], (held.ended or 0) + 1
    if any(_may_have_it(rows, asked, key, at) for asked in range(at)):
        raise NoPlace
    asking = {"process": _NEW, "f": "acquire", "value": {"owner": "refused", "kind": "g", "keys": [key]}}
    return _with(rows, at, [{**asking, "type": "invoke"}, {**asking, "type": "fail", "error": "busy"}])


def stale_read(rows: list[Row], some: random.Random) -> list[Row]:
    """An owner of whom everybody knew that he had given back."""
    held = _any(some, [each for each in holds(rows) if each.ended is not None])
    at = some.randint((held.ended or 0) + 1, len(rows))
    return _with(rows, at, _asked("read", None, held.owner, held.keys[0]))


def swapped_order(rows: list[Row], some: random.Random) -> list[Row]:
    """Of two owners of a thing the later has the smaller token."""
    known = list(holds(rows))
    pairs = [
        (one, two)
        for one in known
        for two in known
        if one.ends is not None and one.ends < two.had and set(one.keys) & set(two.keys)
    ]
    one, two = _any(some, pairs)
    swapped = [dict(row) for row in rows]
    first, second = rows[one.had]["value"], rows[two.had]["value"]
    swapped[one.had]["value"] = {**first, "token": second["token"]}
    swapped[two.had]["value"] = {**second, "token": first["token"]}
    return swapped


def phantom(rows: list[Row], some: random.Random) -> list[Row]:
    """Somebody has it who never asked for it, or gives back what nobody ever asked for."""
    at = some.randint(0, len(rows))
    if some.random() < 0.5:
        return _with(rows, at, _asked("read", None, "nobody", "g-0"))
    return _with(rows, at, _asked("release", {"owner": "nobody"}, None))


PLANTS: Mapping[str, Callable[[list[Row], random.Random], list[Row]]] = {
    "double grant": double_grant,
    "lost release": lost_release,
    "stale read": stale_read,
    "swapped order": swapped_order,
    "phantom": phantom,
}


def _asked(f: str, value: Row | None, answer: object, key: str | None = None) -> list[Row]:
    of = {} if key is None else {"key": key}
    return [
        {"process": _NEW, "type": "invoke", "f": f, "value": value, **of},
        {"process": _NEW, "type": "ok", "f": f, "value": answer, **of},
    ]


def _with(rows: list[Row], at: int, added: list[Row]) -> list[Row]:
    return [*rows[:at], *added, *rows[at:]]


def _any[T](some: random.Random, possible: list[T]) -> T:
    if not possible:
        raise NoPlace
    return some.choice(possible)


def _may_have_it(rows: list[Row], asked: int, key: str, at: int) -> bool:
    row = rows[asked]
    if row["f"] != "acquire" or row["type"] != "invoke":
        return False
    told = _told(rows, asked)
    if told is None or told >= at or rows[told]["type"] == "info":
        return True
    if rows[told]["type"] == "fail" or key not in rows[told]["value"]["keys"]:
        return False
    given_back = [each.ended for each in holds(rows) if each.had == told and each.ended is not None]
    return not any(ended < at for ended in given_back)
