"""Each phase has a sentence for people, and they are in the order of a run."""

from chaos_aura.run.standing import Phase


def test_every_phase_has_a_sentence_of_its_own() -> None:
    assert len({phase.sentence for phase in Phase}) == len(Phase) == 8


def test_they_are_in_the_order_of_a_run() -> None:
    assert " ".join(Phase) == "preflight hypothesis baseline fault recovery judging rollback over"
