"""The search says what trying every order says, ends in time, and does not take what nobody knows for a failure."""

import random
from functools import cache

import pytest
from told_histories import ops

from chaos_aura.judge.consistency.check import check
from chaos_aura.judge.consistency.models import MODELS, Model
from chaos_aura.judge.consistency.models.model import State
from chaos_aura.judge.consistency.op import End, Op
from chaos_aura.judge.consistency.verdict import Validity

_FUNCTIONS = {
    "register": ("read", "write"),
    "cas-register": ("read", "write", "cas"),
    "mutex": ("acquire", "release"),
    "kv": ("get", "put", "append"),
}


def explained(history: list[Op], model: Model) -> bool:
    """Tries every order."""
    told = [op for op in history if model.says(op)]

    @cache
    def go_on(done: frozenset[int], state: State) -> bool:
        rest = [number for number in range(len(told)) if number not in done]
        ends = [ended for number in rest if (ended := told[number].ended) is not None]
        return not ends or any(
            (after := model.step(state, told[number])) is not None and go_on(done | {number}, after)
            for number in rest
            if told[number].invoked < min(ends)
        )

    return go_on(frozenset(), model.initial())


def any_history(name: str, some: random.Random) -> list[Op]:
    """Mostly wrong ones; enough of them are right."""
    history: list[Op] = []
    open_ones: dict[int, tuple[str, object, int]] = {}
    for at in range(some.randint(2, 22)):
        process = some.randrange(4)
        if process not in open_ones:
            f = some.choice(_FUNCTIONS[name])
            open_ones[process] = (f, _asked(f, some), at)
            continue
        f, asked, began = open_ones.pop(process)
        end = some.choices((End.OK, End.FAIL, End.INFO), (8, 1, 1))[0]
        answered = _value(f, some) if f in ("read", "get") else asked
        key = "k" if name == "kv" else None
        ended = None if end is End.INFO else at
        history.append(Op(f, str(process), asked, answered if end is End.OK else None, end, began, ended, key))
    return sorted(history, key=lambda op: op.invoked)


def _asked(f: str, some: random.Random) -> object:
    if f == "cas":
        return [some.randint(1, 2), some.randint(1, 2)]
    return None if f in ("read", "get", "acquire", "release") else _value(f, some)


def _value(f: str, some: random.Random) -> object:
    if f in ("get", "put", "append"):
        return some.choice(("", "a", "b", "ab")) if f == "get" else some.choice(("a", "b"))
    return some.choice((None, 1, 2)) if f == "read" else some.randint(1, 2)


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_it_says_what_trying_every_order_says(name: str) -> None:
    model = MODELS[name]()
    said = {True: 0, False: 0}
    for seed in range(600):
        history = any_history(name, random.Random(seed))
        expected = explained(history, model)
        found = check(history, model)
        assert (found.validity is Validity.VALID) == expected, [seed, *map(str, history)]
        said[expected] += 1
    assert min(said.values()) > 30, "both answers have to occur"


def test_it_ends_when_its_time_is_over() -> None:
    """Thirty writes at once, and a reading of what none of them wrote: every order would have to be tried."""
    writes = [f"{number} invoke write {number}" for number in range(30)]
    ends = [f"{number} ok write {number}" for number in range(30)]
    found = check(ops(*writes, "99 invoke read", *ends, "99 ok read 77"), MODELS["register"](), time_limit_s=0.2)
    assert found.validity is Validity.UNKNOWN
    assert "it took too long" in found.parts[0].why
    assert found.took_s < 30


def test_many_of_whom_nobody_knows_are_one_kind() -> None:
    """Twenty who may have the lock, and one release too many."""
    unsure = [f"{number} {what} acquire" for number in range(20) for what in ("invoke", "info")]
    releases = ["50 invoke release", "50 ok release"]
    assert check(ops(*unsure, *releases * 20), MODELS["mutex"](), time_limit_s=60).validity is Validity.VALID
    assert check(ops(*unsure, *releases * 21), MODELS["mutex"](), time_limit_s=60).validity is Validity.INVALID


@pytest.mark.parametrize(
    ("history", "validity"),
    [
        # Counted as failed, the write could not be read: a false alarm.
        (("1 invoke write 1", "1 info write 1", "2 invoke read", "2 ok read 1"), Validity.VALID),
        # Counted as done, it would have to be seen: another.
        (("1 invoke write 1", "1 info write 1", "2 invoke read", "2 ok read null"), Validity.VALID),
        # It may happen long after everybody has forgotten it.
        (
            ("1 invoke write 1", "1 info write 1", "2 invoke read", "2 ok read null", "2 invoke read", "2 ok read 1"),
            Validity.VALID,
        ),
        # Counted as anything that may be left out, this would pass: once seen, it is there.
        (
            ("1 invoke write 1", "1 info write 1", "2 invoke read", "2 ok read 1", "2 invoke read", "2 ok read null"),
            Validity.INVALID,
        ),
        # It happens once at most.
        (
            (
                "1 invoke write 1", "1 info write 1", "2 invoke read", "2 ok read 1",
                "2 invoke write 2", "2 ok write 2", "2 invoke read", "2 ok read 1",
            ),
            Validity.INVALID,
        ),
        # And not before it was asked for.
        (("2 invoke read", "2 ok read 1", "1 invoke write 1", "1 info write 1"), Validity.INVALID),
        # One that certainly failed explains nothing.
        (("1 invoke write 1", "1 fail write 1", "2 invoke read", "2 ok read 1"), Validity.INVALID),
    ],
)  # fmt: skip
def test_what_nobody_knows_the_end_of(history: tuple[str, ...], validity: Validity) -> None:
    assert check(ops(*history), MODELS["register"]()).validity is validity


def test_one_object_does_not_excuse_another() -> None:
    history = ops('1 invoke put@a "x"', '1 ok put@a "x"', "1 invoke get@b", '1 ok get@b "x"')
    found = check(history, MODELS["kv"]())
    assert [(part.key, part.validity) for part in found.parts] == [("b", Validity.INVALID), ("a", Validity.VALID)]
