"""A tenant's story over real sockets: what is recorded of an API whose behaviour is known."""

import threading
import time
from pathlib import Path

from awaiting import wait_until
from loads import BEGINS_WITHIN_S, ENDS_WITHIN_S, operations_in, planned, running, stories_in, unwell
from scripted_api import HANG, INVENTORY, RESET, Asked, Said, refused, scripted_api

from chaos_aura.core.operation import CANARY, Outcome
from chaos_aura.load.asks import fitted
from chaos_aura.load.process import start
from chaos_aura.load.shapes import steady
from chaos_aura.load.state import Doing

PENDING = Said(202, {"state": "pending"})
REFUSED = Said(200, {"state": "refused", "decision": {"reason": "over_budget"}})
# By number of the request: what is answered to the first, the second ... of a method; then as by default.
SCRIPTS: dict[int, dict[str, list[Said | str]]] = {
    1: {"POST": [refused(409, "no_capacity")]},
    2: {"POST": [refused(503, "overloaded")]},
    3: {"POST": [refused(503, "temporal_away")]},
    4: {"POST": [HANG]},
    5: {"POST": [RESET]},
    6: {"POST": [PENDING], "GET": [PENDING]},
    7: {"POST": [PENDING], "GET": [REFUSED]},
    8: {"POST": [PENDING], "GET": [PENDING] * 50},
    9: {"DELETE": [refused(503, "nobody_answers"), refused(409, "already_released")]},
    10: {"DELETE": [refused(503, "overloaded")]},
    11: {"POST": [refused(422, "malformed")]},
    12: {"POST": [refused(503, "temporal_away"), refused(503, "overloaded"), refused(409, "council_said_no")]},
    13: {"DELETE": [refused(409, "already_released")]},
    14: {"POST": [Said(201, {"state": "granted"})]},
}
STORIES = {
    0: ["allocate 1: ok", "release 1: ok"],
    1: ["allocate 1: fail no_capacity"],
    2: ["allocate 1: fail overloaded"],
    3: ["allocate 1: info temporal_away", "allocate 2: ok", "release 1: ok"],
    4: ["allocate 1: info timeout", "allocate 2: ok", "release 1: ok"],
    5: ["allocate 1: info reset", "allocate 2: ok", "release 1: ok"],
    6: ["allocate 1: ok", "release 1: ok"],
    7: ["allocate 1: fail over_budget"],
    8: ["allocate 1: info undecided", "allocate 2: ok", "release 1: ok"],
    9: ["allocate 1: ok", "release 1: info nobody_answers", "release 2: ok already_released"],
    10: ["allocate 1: ok", "release 1: fail overloaded", "release 2: ok"],
    11: ["allocate 1: fail malformed"],
    12: ["allocate 1: info temporal_away", "allocate 2: fail overloaded", "allocate 3: fail council_said_no"],
    13: ["allocate 1: ok", "release 1: fail already_released"],
    14: ["allocate 1: info garbled", "allocate 2: ok", "release 1: ok"],
}


def scripted(asked: Asked) -> Said | str | None:
    if asked.method == "CANARY":
        return None
    said = SCRIPTS.get(int(asked.request_id.rpartition("-")[2]), {}).get(asked.method, [])
    return said[asked.nth - 1] if asked.nth <= len(said) else None


def test_what_is_recorded_is_what_the_api_did(tmp_path: Path) -> None:
    with scripted_api(scripted) as api:
        # Whatever is answered at all is answered by then, on a busy machine, too.
        plan = planned(api.url, per_s=15, lasts_s=1, hold_s=0.1, timeout_s=10.0, drain_s=30)
        load = start(plan, tmp_path, tmp_path / "load.log")
        assert load.process.wait(BEGINS_WITHIN_S) == 0
        load.kill()
    assert stories_in(tmp_path) == STORIES
    state = load.state()
    assert (state.state, state.begun, state.ok, state.fail, state.info) == (Doing.ENDED, 15, 10, 5, 0)
    assert (state.held, state.why) == (0, "")
    assert set(api.held) == {"t-9", "t-13"}  # of these the API only said that they had been given back


def test_each_operation_says_what_was_asked_and_answered_and_when_it_was_due(tmp_path: Path) -> None:
    with scripted_api() as api:
        phases = (steady("load", 1, 10), steady("rest", 0.5, 0))
        plan = planned(api.url, phases=phases, hold_s=0.1, canary_per_s=10)
        load = start(plan, tmp_path, tmp_path / "load.log")
        assert load.process.wait(BEGINS_WITHIN_S) == 0
        load.kill()
    operations = operations_in(tmp_path)
    asked = [each for each in operations if each.what == "allocate"]
    released = {each.asked["request_id"]: each for each in operations if each.what == "release"}
    canaries = [each for each in operations if each.what == CANARY]
    over_ns = load.state().began_ns + 1.5e9  # then nobody holds anything any more
    assert [each.due_ns for each in asked] == plan.arrivals_ns(load.state().began_ns)
    assert [dict(each.asked, hours=0.1) for each in asked] == api.posted()
    assert {each.by for each in asked} <= {f"t-t{nth}" for nth in range(8)}
    for each in asked:
        assert each.answered == {"gpu_ids": [f"gpu-of-{each.asked['request_id']}"], "status": 201}
        back = released[each.asked["request_id"]]
        assert back.asked == each.asked
        assert each.ended_ns is not None
        assert back.due_ns >= min(each.ended_ns + 0.1e9, over_ns) - 1e6
        assert each.due_ns <= each.invoked_ns
    assert (len(canaries), unwell(canaries)) == (15, [])


def test_the_same_seed_asks_for_the_same(tmp_path: Path) -> None:
    """In another process, and whenever the answers come."""
    with scripted_api() as api:
        plan = planned(api.url, per_s=60, lasts_s=0.5, hold_s=0.05, pattern="poisson")
        load = start(plan, tmp_path, tmp_path / "load.log")
        assert load.process.wait(BEGINS_WITHIN_S) == 0
        load.kill()
        asked = api.posted()
    assert asked == [{**each.value, "hours": 0.1} for each in fitted(plan, INVENTORY).asks]
    assert len(asked) > 10


def test_those_in_doubt_after_an_outage_are_asked_again_a_few_at_a_time(tmp_path: Path) -> None:
    at_once, most, counting = 0, 0, threading.Lock()

    def away_at_first(asked: Asked) -> Said | None:
        nonlocal at_once, most
        if asked.method != "POST":
            return None
        if asked.nth == 1:
            return refused(503, "temporal_away")
        with counting:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.1)
        with counting:
            at_once -= 1
        return None

    with scripted_api(away_at_first) as api:
        plan = planned(api.url, per_s=100, lasts_s=0.4, hold_s=0.05, drain_s=60)
        load = start(plan, tmp_path, tmp_path / "load.log")
        assert load.process.wait(BEGINS_WITHIN_S) == 0
        load.kill()
    assert (load.state().ok, load.state().why, len(api.ended)) == (40, "", 40)
    assert 2 <= most <= 8


def test_arrivals_go_on_while_nobody_answers(tmp_path: Path) -> None:
    """A closed loop would begin none of them before the first had been given up."""
    patience_s = 100.0

    def hangs(asked: Asked) -> str | None:
        return HANG if asked.method == "POST" else None

    with scripted_api(hangs) as api:
        phases = (steady("load", 2, 100), steady("rest", 60, 0))
        plan = planned(api.url, phases=phases, timeout_s=patience_s, drain_s=0, canary_per_s=0)
        with running(plan, tmp_path) as load:
            wait_until(lambda: len(api.posted()) == 200, ENDS_WITHIN_S, "all have asked")
            state = load.stop(ENDS_WITHIN_S)
        assert load.process.returncode == 0
    operations = operations_in(tmp_path)
    due_ns = plan.arrivals_ns(state.began_ns)
    assert [each.due_ns for each in operations] == due_ns
    latest_s = max(each.invoked_ns - each.due_ns for each in operations) / 1e9
    assert latest_s < patience_s / 10
    assert all(each.outcome is Outcome.INFO and (each.ended_ns or 0) > due_ns[-1] for each in operations)
    assert (state.due, state.begun, state.info, state.why) == (200, 200, 200, "200 in doubt")
    assert 0 < state.lag_p99_of_all_ms <= latest_s * 1000 * 1.06
