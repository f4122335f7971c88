"""An answer is waited for so long and no longer, and whatever goes wrong is raised where somebody waits."""

import threading

import pytest

from chaos_aura.containers.patience import StillUnanswered, within

_WITHIN_S = 30


def test_an_answer_comes_through() -> None:
    assert within(_WITHIN_S, lambda: "answer") == "answer"
    assert within(_WITHIN_S, lambda: None) is None


def test_what_goes_wrong_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        within(_WITHIN_S, lambda: 1 / 0)


def test_nobody_hangs_up_on_what_is_late() -> None:
    begun, ended = threading.Event(), threading.Event()

    def late() -> None:
        begun.wait(_WITHIN_S)
        ended.set()

    with pytest.raises(StillUnanswered):
        within(0.01, late)
    assert not ended.is_set()
    begun.set()
    assert ended.wait(_WITHIN_S)
