"""A real load on the real platform: a few seconds of it, and then nothing of it is held."""

import json
import uuid
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from awaiting import wait_until
from loads import BEGINS_WITHIN_S, ENDS_WITHIN_S, operations_in, planned, running

from chaos_aura.core.operation import ALLOCATE, CANARY, RELEASE, Outcome
from chaos_aura.load.capacity import measure_capacity
from chaos_aura.load.state import Doing
from chaos_aura.stack.running import RunningStack


def holders(url: str, tag: str) -> list[str]:
    page = wait_until(lambda: gpus(url), ENDS_WITHIN_S, "GET /gpus is answered")
    return [each["allocation_id"] for each in page["holders"] if each["tenant"].startswith(tag)]


def gpus(url: str) -> dict[str, Any]:
    """Empty when nobody can say just now: a worker that is held up for two seconds does not."""
    try:
        with urlopen(f"{url}/gpus", timeout=10) as answer:
            return dict(json.load(answer))
    except OSError:
        return {}


def test_tenants_get_their_gpus_and_give_them_back(stack: RunningStack, tmp_path: Path) -> None:
    url, tag = stack.catalogue.edge("load.api").uri, f"live-{uuid.uuid4().hex[:8]}"
    plan = planned(url, per_s=3, lasts_s=4, tag=tag, drain_s=ENDS_WITHIN_S)
    with running(plan, tmp_path) as load:
        load.process.wait(BEGINS_WITHIN_S + ENDS_WITHIN_S)
        state = load.state()
    operations = operations_in(tmp_path)
    counts = Counter(each.what for each in operations if each.outcome is Outcome.OK)
    canaries = [each for each in operations if each.what == CANARY]
    assert (state.state, state.begun, state.ok, state.held, state.why) == (Doing.ENDED, 12, 12, 0, "")
    assert (counts[ALLOCATE], counts[RELEASE]) == (12, 12)
    assert len(canaries) == 80
    assert counts[CANARY]
    # On a busy machine one may come back late, or Temporal may be away for a look or two.
    assert {each.why for each in canaries if each.outcome is not Outcome.OK} <= {"timeout", "status 503"}
    for each in operations:
        if each.what == ALLOCATE and each.outcome is Outcome.OK:
            assert len(each.answered["gpu_ids"]) == each.asked["count"]
            assert all(gpu_id.startswith(each.asked["gpu_type"]) for gpu_id in each.answered["gpu_ids"])
    assert holders(url, tag) == []


def test_the_capacity_is_more_than_nothing_and_leaves_nothing(stack: RunningStack) -> None:
    url, tag = stack.catalogue.edge("load.api").uri, f"live-{uuid.uuid4().hex[:8]}"
    assert holders(url, tag) == []
    # Two callers, and one long window: a machine that does nothing for some seconds has carried something all the same.
    assert measure_capacity(url, tag, seconds=10, callers=2, warm_s=1, window_s=10).cycles_per_s > 0.5
    assert holders(url, tag) == []
