"""How long a call of Temporal is waited for, and who is asked meanwhile. Its clock jumps: nothing here waits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode
from virtual_time import run_virtually

from chaos_aura.platform.allocation.calls import Calls, NobodyAnswers, NotFound
from chaos_aura.platform.errors import DependencyAway

_WAIT_S = 5.0


class Workflow:
    """Stands where the server would: told when it falls silent, it answers before."""

    def __init__(self, silent_from_s: float = float("inf"), failure: Exception | None = None) -> None:
        self._silent_from_s = silent_from_s
        self._failure = failure
        self.looks_s: list[float] = []

    async def describe(self) -> Any:
        self.looks_s.append(now())
        if now() >= self._silent_from_s:
            await forever()
        if self._failure:
            raise self._failure


def now() -> float:
    return asyncio.get_running_loop().time()


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


def after(seconds: float) -> Callable[[], Awaitable[str]]:
    async def answer() -> str:
        await asyncio.sleep(seconds)
        return "answer"

    return answer


def ended(workflow: Workflow, call: Callable[[], Awaitable[Any]] = forever) -> tuple[Any, float]:
    """What came of it, and when."""

    async def run() -> tuple[Any, float]:
        try:
            return await Calls().patiently(call, workflow, _WAIT_S), now()  # type: ignore[arg-type]
        except Exception as failed:  # noqa: BLE001 - handed to the test
            return failed, now()

    return run_virtually(run())


def test_an_answer_that_comes_soon_costs_no_look() -> None:
    workflow = Workflow()
    assert ended(workflow, after(0.3)) == ("answer", pytest.approx(0.3))
    assert workflow.looks_s == []


def test_a_silent_server_is_told_of_within_a_second() -> None:
    told, at_s = ended(Workflow(silent_from_s=0))
    assert isinstance(told, DependencyAway)
    assert at_s == pytest.approx(0.9)


def test_so_is_one_that_falls_silent_later() -> None:
    told, at_s = ended(Workflow(silent_from_s=2.1))
    assert isinstance(told, DependencyAway)
    assert 2.1 < at_s < 3.1


def test_where_the_server_lives_and_nobody_works_it_waits_to_the_end() -> None:
    told, at_s = ended(Workflow())
    assert isinstance(told, NobodyAnswers)
    assert at_s == pytest.approx(_WAIT_S)


def test_what_has_not_begun_by_the_end_is_said_to_be_nowhere() -> None:
    told, at_s = ended(Workflow(failure=RPCError("none", RPCStatusCode.NOT_FOUND, b"")))
    assert isinstance(told, NotFound)
    assert at_s == pytest.approx(_WAIT_S)


def test_an_answer_that_comes_during_a_look_counts_although_the_look_fails() -> None:
    assert ended(Workflow(silent_from_s=0), after(0.6))[0] == "answer"


def test_so_does_one_that_comes_during_the_last_look() -> None:
    workflow = Workflow(silent_from_s=_WAIT_S - 0.1)
    assert ended(workflow, after(_WAIT_S + 0.2))[0] == "answer"
    assert workflow.looks_s[-1] == pytest.approx(_WAIT_S, abs=0.2)


def test_while_another_call_is_answered_nobody_looks() -> None:
    """But for the one look in the end, which shows that it has begun."""
    workflow = Workflow()

    async def run() -> None:
        calls = Calls()
        waiting = asyncio.create_task(calls.patiently(forever, workflow, _WAIT_S))  # type: ignore[arg-type]
        while not waiting.done():
            await calls.patiently(after(0.3), workflow, _WAIT_S)  # type: ignore[arg-type]
        with pytest.raises(NobodyAnswers):
            await waiting

    run_virtually(run())
    assert workflow.looks_s == [pytest.approx(_WAIT_S)]
