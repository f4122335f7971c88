import pytest

from chaos_aura.core.verdict import Judgement, Verdict, failed, passed, together, unknown


@pytest.mark.parametrize(
    ("judgements", "verdict"),
    [
        ([passed(), passed()], Verdict.PASS),
        ([passed(), unknown()], Verdict.UNKNOWN),
        ([unknown(), failed(), passed()], Verdict.FAIL),
        ([], Verdict.UNKNOWN),
    ],
)
def test_fail_beats_unknown_beats_pass(judgements: list[Judgement], verdict: Verdict) -> None:
    assert together(judgements).verdict is verdict


def test_the_reasons_of_the_worse_come_first() -> None:
    found = together([passed("p"), unknown("u"), failed("f", "g")])
    assert found.reasons == ("f", "g", "u", "p")
    assert str(found) == "fail: f; g; u; p"
    assert not found.has_passed


def test_only_a_pass_is_true_for_whoever_asks_for_a_bool() -> None:
    assert passed("p")
    assert not unknown("u")
    assert not failed("f")
