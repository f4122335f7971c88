import time
from pathlib import Path

from chaos_aura.core.operation import ALLOCATE, CANARY, RELEASE, Outcome
from chaos_aura.record.following import Following
from chaos_aura.record.history import History
from probes.sampler.waiting import Acknowledged, Backlogs, Waiting

S = 1_000_000_000
ONE, OTHER = Acknowledged(ALLOCATE, "r1"), Acknowledged(RELEASE, "r1")


def test_the_oldest_that_still_waits_gives_the_age() -> None:
    waiting = Waiting()
    assert waiting.told(5 * S) == {"waiting": 0, "oldest_s": 0}
    waiting.add(ONE, 1 * S)
    waiting.add(OTHER, 3 * S)
    waiting.add(OTHER, 2 * S)
    waiting.add(ONE, 4 * S)
    assert waiting.told(5 * S) == {"waiting": 2, "oldest_s": 4.0}
    assert waiting.oldest_first() == [ONE, OTHER]
    waiting.arrived(ONE)
    assert waiting.told(5 * S) == {"waiting": 1, "oldest_s": 3.0}


def test_what_arrived_before_it_was_acknowledged_does_not_wait() -> None:
    waiting = Waiting()
    waiting.arrived(ONE)
    waiting.add(ONE, 1 * S)
    assert waiting.oldest_first() == []


def test_only_what_was_acknowledged_waits_and_each_where_it_belongs(tmp_path: Path) -> None:
    history = History(tmp_path / "history-a.jsonl", "a")
    backlogs = Backlogs(Following(tmp_path))
    for what, name, outcome in (
        (ALLOCATE, "granted", Outcome.OK),
        (ALLOCATE, "refused", Outcome.FAIL),
        (ALLOCATE, "unknown", Outcome.INFO),
        (RELEASE, "granted", Outcome.OK),
        (CANARY, "canary", Outcome.OK),
    ):
        history.end(history.invoke(what, "t", time.monotonic_ns(), {"request_id": name}), outcome)
    history.invoke(ALLOCATE, "t", time.monotonic_ns(), {"request_id": "under way"})
    backlogs.read_on()
    assert [each.allocation for each in backlogs.decisions.oldest_first()] == ["granted"]
    events = backlogs.events.oldest_first()
    assert [(each.what, each.allocation) for each in events] == [(ALLOCATE, "granted"), (RELEASE, "granted")]
