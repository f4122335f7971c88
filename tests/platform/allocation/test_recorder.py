"""How late records go on: never later than somebody still listens, and not all at once."""

import asyncio

from virtual_time import run_virtually

from chaos_aura.platform.allocation.one_by_one import OneByOne
from chaos_aura.platform.allocation.recorder import GO_ON_WITHIN_S, PATIENT_FOR_S
from chaos_aura.platform.allocation.recording import ALONE_WITHIN
from chaos_aura.platform.worker.parts import DEADLINE_S


def test_what_was_written_late_is_told_while_temporal_still_listens():
    assert ALONE_WITHIN.total_seconds() > PATIENT_FOR_S + DEADLINE_S + GO_ON_WITHIN_S


def _turns(many: int, at_most_s: float) -> list[float]:
    async def run() -> list[float]:
        clock = asyncio.get_running_loop().time
        began_s = clock()
        line = OneByOne(0.1, at_most_s, clock)

        async def go_on() -> float:
            await line.turn()
            return round(clock() - began_s, 3)

        return await asyncio.gather(*(go_on() for _ in range(many)))

    return run_virtually(run())


def test_those_who_waited_go_on_one_after_another():
    assert _turns(4, at_most_s=5.0) == [0.0, 0.1, 0.2, 0.3]


def test_nobody_waits_for_too_many_before_him():
    assert _turns(9, at_most_s=0.5) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5]


def test_who_comes_alone_goes_on_at_once():
    async def run() -> float:
        clock = asyncio.get_running_loop().time
        line = OneByOne(0.1, 5.0, clock)
        await line.turn()
        await asyncio.sleep(1)
        began_s = clock()
        await line.turn()
        return clock() - began_s

    assert run_virtually(run()) == 0
