import json
from dataclasses import replace

from granting import TAG, allocated, released, sound_stores

from chaos_aura.core.verdict import Verdict
from chaos_aura.judge.consistency.stores.finding import Kind
from chaos_aura.judge.exactly_once import exactly_once, exactly_once_of
from chaos_aura.record.batches import Batch
from chaos_aura.record.buckets import OneBucket


def test_a_planted_double_grant_and_a_planted_loss_are_both_told() -> None:
    history = [
        allocated(f"{TAG}-1", 0, 1, "t4-0"),
        allocated(f"{TAG}-2", 2, 3, "t4-0"),
        released(f"{TAG}-1", 4, 5),
        released(f"{TAG}-2", 6, 7),
    ]
    held = sound_stores(history)
    del held.rows.temporal[f"{TAG}-2"]
    found = exactly_once(history, held.rows, held.stores, TAG)
    told = json.loads(json.dumps(found.to_dict()))
    assert told["acknowledged"] == 2
    assert [each["allocation"] for each in told[Kind.LOST]] == [f"{TAG}-2"]
    assert told["counts"][Kind.LOST] == 1
    assert [each["gpu_id"] for each in told["two_owners"]] == ["t4-0"]
    assert not found.ownership
    assert not found.agreement.judgement


def test_a_sound_run_tells_of_nothing() -> None:
    history = [allocated(f"{TAG}-1", 0, 1, "t4-0"), released(f"{TAG}-1", 4, 5)]
    held = sound_stores(history)
    told = exactly_once(history, held.rows, held.stores, TAG).to_dict()
    assert not any(told[kind] for kind in Kind)
    assert told["two_owners"] == []
    assert told["missing"] == {}


def test_two_owners_are_found_across_batches() -> None:
    history = [allocated(f"{TAG}-1", 0, 1, "t4-0"), allocated(f"{TAG}-2", 2, 3, "t4-0")]
    held = sound_stores(history)
    some = [Batch((each,), replace(held.rows)) for each in history]
    assert [each.gpu_id for each in exactly_once_of(some, held.stores, TAG, OneBucket()).two_owners] == ["t4-0"]


def test_a_torn_line_of_the_history_leaves_it_unknown() -> None:
    history = [allocated(f"{TAG}-1", 0, 1, "t4-0"), released(f"{TAG}-1", 4, 5)]
    held = sound_stores(history)
    found = exactly_once_of([Batch(tuple(history), held.rows, 1)], held.stores, TAG, OneBucket())
    assert found.judgements["history"].verdict is Verdict.UNKNOWN
    assert "history" not in exactly_once(history, held.rows, held.stores, TAG).judgements
