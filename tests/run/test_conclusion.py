from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.outcome import RunOutcome, worst
from chaos_aura.core.verdict import Judgement, Verdict, failed, passed, unknown
from chaos_aura.run.conclusion import Verdicts

_AGAINST = [each for each in RunOutcome if each is not RunOutcome.PASSED]


def test_nothing_that_was_judged_is_no_pass() -> None:
    conclusion = Verdicts().conclude()
    assert (conclusion.outcome, conclusion.verdict) == (RunOutcome.INCONCLUSIVE, Verdict.UNKNOWN)
    assert "nothing was judged" in conclusion.reasons[0]


def test_what_was_seen_to_be_good_passes_and_is_told() -> None:
    verdicts = Verdicts()
    verdicts.judge("recovery", passed("within 0.4 to 0.5 s"))
    conclusion = verdicts.conclude()
    assert conclusion.outcome is RunOutcome.PASSED
    assert conclusion.reasons == ("recovery: within 0.4 to 0.5 s",)


def test_what_should_have_been_done_and_was_not_is_no_pass_whatever_was_good() -> None:
    verdicts = Verdicts()
    verdicts.judge("recovery", passed())
    conclusion = verdicts.conclude(missing=["the hypothesis was not probed after the method"])
    assert conclusion.outcome is RunOutcome.INCONCLUSIVE
    assert conclusion.reasons == ("the hypothesis was not probed after the method",)


def test_the_worst_comes_first_and_nothing_is_told_twice() -> None:
    verdicts = Verdicts()
    verdicts.judge("load", unknown("it has died"))
    verdicts.against(RunOutcome.NOT_HELD, "stop of neo4j: it runs")
    verdicts.against(RunOutcome.NOT_HELD, "stop of neo4j: it runs")
    verdicts.judge("ownership", failed("a100-3 was held by two"))
    assert verdicts.conclude().reasons == (
        "ownership: a100-3 was held by two",
        "stop of neo4j: it runs",
        "load: it has died",
    )


def test_something_told_before_explains_a_text_that_holds_it() -> None:
    verdicts = Verdicts()
    verdicts.against(RunOutcome.NOT_INJECTED, "no room")
    assert verdicts.explains("ActivityFailed: no room; nothing was touched")
    assert not verdicts.explains("something else")


judgements = st.sampled_from([passed("good"), failed("bad"), unknown("not seen")])


@given(st.lists(judgements), st.lists(st.sampled_from(_AGAINST)), st.lists(st.sampled_from(["this was not done"])))
def test_only_a_run_with_something_good_and_nothing_else_passes(
    judged: list[Judgement], against: list[RunOutcome], missing: list[str]
) -> None:
    verdicts = Verdicts()
    for each in judged:
        verdicts.judge("it", each)
    for outcome in against:
        verdicts.against(outcome, "why")
    conclusion = verdicts.conclude(missing=missing)
    is_all_good = bool(judged) and all(judged) and not against and not missing
    assert (conclusion.outcome is RunOutcome.PASSED) is is_all_good
    assert conclusion.reasons
    if against:
        assert worst({conclusion.outcome, *against}) is conclusion.outcome
