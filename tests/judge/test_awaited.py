import pytest

from chaos_aura.core.verdict import failed, passed, unknown
from chaos_aura.judge.awaited import Awaited

_HELD = "the hypothesis held 3.3 s later, of 3 s"
_NOT = "not within 3 s: looked at for 3.3 s"
_NOISE = "the machine itself was noisy for 2.0 s of that"


@pytest.mark.parametrize(
    ("found", "judgement"),
    [
        (Awaited(True, 2.9, 3), passed("the hypothesis held 2.9 s later, of 3 s")),
        (Awaited(True, 2.9, 3, is_first=True), passed("the hypothesis held 2.9 s later, of 3 s")),
        (Awaited(True, 3.3, 3), unknown(f"{_HELD}; the budget ended between two looks")),
        (Awaited(True, 3.3, 3, 2.0), unknown(f"{_HELD}; {_NOISE}")),
        (
            Awaited(True, 3.3, 3, is_first=True),
            unknown(f"{_HELD}, and nobody had looked before: the method took that long"),
        ),
        (Awaited(False, 3.3, 3), failed(_NOT)),
        (Awaited(False, 3.3, 3, 0.2), failed(_NOT)),
        (
            Awaited(False, 6.1, 3, 4.0),
            unknown("not within 3 s: looked at for 6.1 s; the machine itself was noisy for 4.0 s of that"),
        ),
    ],
)
def test_what_was_found_when_it_was_over(found: Awaited, judgement: object) -> None:
    assert found.is_over
    assert found.judgement == judgement


@pytest.mark.parametrize("found", [Awaited(False, 2.9, 3), Awaited(False, 3.3, 3, 2.0), Awaited(False, 5.9, 3, 3.0)])
def test_what_may_still_be_within_its_budget_is_looked_at_again(found: Awaited) -> None:
    assert not found.is_over
