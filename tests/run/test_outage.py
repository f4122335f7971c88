from chaos_aura.judge.recovery import Outage
from chaos_aura.run.faults import FaultStory
from chaos_aura.run.outage import counts_from, outage_of

_HELD = FaultStory("held", "stop", "neo4j", 10, in_force_ns=12, healed_ns=40)
_BLOW = FaultStory("blow", "kill", "worker", 20, in_force_ns=21, healed_ns=60)
_REFUSED = FaultStory("refused", "stop", "kafka", 5, wrong="no injector for it")


def test_what_hurt_nobody_is_no_outage() -> None:
    assert outage_of([], (), 30) is None
    assert outage_of([_REFUSED], (), 30) is None


def test_of_what_is_held_the_budget_counts_from_its_end() -> None:
    assert outage_of([_REFUSED, _HELD], (), 30) == Outage(10, 12, 40, 30)
    assert counts_from([_HELD], (), 40) == "the fault healed"


def test_of_a_blow_it_counts_from_when_that_came_whenever_it_was_cleared_away() -> None:
    assert outage_of([_BLOW], {"blow"}, 30) == Outage(20, 21, 21, 30)
    assert counts_from([_BLOW], {"blow"}, 21) == "the fault in force"


def test_of_several_it_begins_with_the_first_and_counts_from_the_last() -> None:
    assert outage_of([_BLOW, _HELD], {"blow"}, 30) == Outage(10, 12, 40, 30)
    assert outage_of([_BLOW, _HELD], (), 30) == Outage(10, 12, 60, 30)


def test_of_a_spike_it_counts_from_its_end_and_of_what_lasted_longer_from_that() -> None:
    assert outage_of([], (), 30, spike_from_ns=15, calm_from_ns=50) == Outage(15, 15, 50, 30)
    assert outage_of([_HELD], (), 30, spike_from_ns=15, calm_from_ns=50) == Outage(10, 12, 50, 30)
    assert outage_of([_HELD], (), 30, spike_from_ns=15, calm_from_ns=30) == Outage(10, 12, 40, 30)
    assert counts_from([_HELD], (), 50) == "the end of the spike"
