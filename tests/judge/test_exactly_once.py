import json

from granting import TAG, allocated, released, sound_stores

from chaos_aura.judge.agreement import Kind
from chaos_aura.judge.exactly_once import exactly_once


def test_a_planted_double_grant_and_a_planted_loss_are_both_told() -> None:
    history = [
        allocated(f"{TAG}-1", 0, 1, "t4-0"),
        allocated(f"{TAG}-2", 2, 3, "t4-0"),
        released(f"{TAG}-1", 4, 5),
        released(f"{TAG}-2", 6, 7),
    ]
    stores = sound_stores(history)
    del stores.neo4j[f"{TAG}-2"]
    found = exactly_once(history, stores, TAG)
    told = json.loads(json.dumps(found.to_dict()))
    assert told["acknowledged"] == 2
    assert [each["allocation"] for each in told[Kind.LOST]] == [f"{TAG}-2"]
    assert [each["gpu_id"] for each in told["two_owners"]] == ["t4-0"]
    assert not found.ownership
    assert not found.agreement.judgement


def test_a_sound_run_tells_of_nothing() -> None:
    history = [allocated(f"{TAG}-1", 0, 1, "t4-0"), released(f"{TAG}-1", 4, 5)]
    told = exactly_once(history, sound_stores(history), TAG).to_dict()
    assert not any(told[kind] for kind in Kind)
    assert told["two_owners"] == []
    assert told["missing"] == {}
