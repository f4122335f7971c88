"""What shows that a history is wrong: no more than that, and the part before it that is right."""

import random

import pytest
from test_search import any_history, explained
from told_histories import ops

from chaos_aura.judge.consistency.check import check
from chaos_aura.judge.consistency.models import MODELS
from chaos_aura.judge.consistency.op import Op
from chaos_aura.judge.consistency.verdict import Finding, Validity


def _found(history: tuple[Op, ...] | list[Op], model: str) -> Finding:
    found = check(history, MODELS[model]())
    assert found.validity is Validity.INVALID
    finding = found.parts[0].finding
    assert finding is not None
    return finding


def test_a_stale_reading_is_shown_without_its_past() -> None:
    past = [line for number in range(50) for line in (f"1 invoke write {number}", f"1 ok write {number}")]
    finding = _found(ops(*past, "1 invoke write 77", "1 ok write 77", "2 invoke read", "2 ok read 3"), "register")
    assert [str(op) for op in finding.window] == [
        "line 101: 1 write 77 -> ok (line 102)",
        "line 103: 2 read -> ok 3 (line 104)",
    ]
    assert finding.lines == (101, 102, 103, 104)
    assert "line 103: 2 read -> ok 3 (line 104) cannot be explained" in finding.told
    assert finding.prefix is not None
    assert len(finding.prefix) == 51
    assert not finding.from_the_beginning
    assert finding.states == ("[77]",)


def test_who_only_looked_on_is_left_out() -> None:
    history = (
        "1 invoke write 1", "1 ok write 1", "2 invoke read", "2 ok read 1", "3 invoke read", "3 ok read 1",
        "2 invoke read", "2 ok read 2",
    )  # fmt: skip
    assert [op.answered for op in _found(ops(*history), "register").window] == [2]


def test_two_who_have_one_lock() -> None:
    past = ("1 invoke acquire", "1 ok acquire", "1 invoke release", "1 ok release")
    finding = _found(ops(*past * 20, "1 invoke acquire", "1 ok acquire", "2 invoke acquire", "2 ok acquire"), "mutex")
    assert [op.process for op in finding.window] == ["1", "2"]


def test_what_only_its_beginning_shows_is_told_from_there() -> None:
    finding = _found(
        ops("1 invoke write 1", "1 info write 1", *("2 invoke cas [1,2]", "2 ok cas [1,2]") * 2), "cas-register"
    )
    assert finding.from_the_beginning


def test_whose_end_nobody_knows_is_told_beside_the_window() -> None:
    unsure = [f"{number} {what} write {number}" for number in range(60) for what in ("invoke", "info")]
    last = (
        "70 invoke write 1",
        "70 ok write 1",
        "70 invoke write 77",
        "70 ok write 77",
        "71 invoke read",
        "71 ok read 99",
    )
    finding = _found(ops(*unsure, *last), "register")
    assert [op.answered for op in finding.window] == [99]
    assert len(finding.unsure) == 60


@pytest.mark.parametrize("model", ["register", "cas-register", "mutex"])
def test_the_prefix_is_right_and_the_window_is_wrong(model: str) -> None:
    for seed in range(300):
        history = any_history(model, random.Random(seed))
        if explained(history, MODELS[model]()):
            continue
        finding = _found(history, model)
        state = MODELS[model]().initial()
        assert finding.prefix is not None
        for op in finding.prefix:
            state = MODELS[model]().step(state, op)
            assert state is not None, [seed, *map(str, history)]
        assert finding.told.startswith(tuple(map(str, finding.window))), "the culprit is shown"
        if finding.from_the_beginning:
            shown = sorted((*finding.window, *finding.unsure), key=lambda op: op.invoked)
            assert not explained(shown, MODELS[model]()), [seed, *map(str, history)]
