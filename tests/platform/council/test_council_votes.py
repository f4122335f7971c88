"""The council at its table: agents that are slow, failing, busy or without weights cost nothing but their own vote."""

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from awaiting import wait_until
from council_cases import a_request, ordinary, repeated, seen

from chaos_aura.platform.council.ballot import Ballot
from chaos_aura.platform.council.council import AGENTS, Council
from chaos_aura.platform.council.seat import POLICY
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.council.weight_file import FOLDER, path_of
from chaos_aura.platform.flags import Flags
from chaos_aura.platform.guards import BreakerChange, BreakerState, Policy

COST, FAIRNESS, PERFORMANCE = AGENTS
HASTY = replace(POLICY, deadline_s=0.3, attempt_s=0.3, open_s=0.5)
LONG_S = 60.0


@dataclass
class Table:
    """A council whose flags a test throws."""

    flags: Flags = field(default_factory=Flags)
    changes: list[BreakerChange] = field(default_factory=list)
    told: list[Ballot] = field(default_factory=list)
    council: Council = field(init=False)

    def open(self, policy: Policy = HASTY, folder: Path = FOLDER) -> Council:
        self.council = Council(
            lambda: self.flags, notice=self.changes.append, told=self.told.append, folder=folder, policy=policy
        )
        return self.council


@pytest.fixture
def table() -> Iterator[Table]:
    table = Table()
    yield table
    table.council.close()
    wait_until(lambda: not threads_of_agents(), 10, "the agents' threads end")


def threads_of_agents() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("lnn_")]


async def asked(council: Council, case: Situation | None = None) -> Ballot:
    case = case or ordinary()
    return await council.vote(case.request, case.quote, case.availability, case.window, case.now_ms)


def voters(ballot: Ballot) -> list[str]:
    return [vote.agent for vote in ballot.votes]


def test_all_three_vote_and_the_ballot_is_told(table: Table) -> None:
    ballot = asyncio.run(asked(table.open()))
    assert voters(ballot) == list(AGENTS)
    assert ballot.absent == {}
    assert table.told == [ballot]
    assert table.council.missing == {}
    assert table.council.states == dict.fromkeys(AGENTS, BreakerState.CLOSED)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_smaller_council_asks_the_first_agents(size: int, table: Table) -> None:
    table.flags = Flags(council_size=size)
    ballot = asyncio.run(asked(table.open()))
    assert voters(ballot) == list(AGENTS[:size])
    assert ballot.absent == {}


def test_many_requests_at_once_follow_each_other_and_none_is_turned_away(table: Table) -> None:
    async def many() -> list[Ballot]:
        return await asyncio.gather(*(asked(council) for _ in range(60)))

    council = table.open(POLICY)
    assert [len(ballot.votes) for ballot in asyncio.run(many())] == [3] * 60


def test_a_failing_agent_is_absent_with_its_reason(table: Table) -> None:
    table.flags = Flags(failing_agents=frozenset({FAIRNESS}))
    ballot = asyncio.run(asked(table.open()))
    assert voters(ballot) == [COST, PERFORMANCE]
    assert "RuntimeError: told to fail, by the flag failing_agents" in ballot.absent[FAIRNESS]


def test_a_slow_agent_is_absent_at_its_deadline_while_the_loop_and_the_others_go_on(table: Table) -> None:
    async def ticking() -> tuple[Ballot, int]:
        vote, ticks = asyncio.create_task(asked(council)), 0
        while not vote.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return await vote, ticks

    table.flags = Flags(agent_delays_s={COST: LONG_S})
    council = table.open()
    began_s = time.monotonic()
    ballot, ticks = asyncio.run(ticking())
    assert HASTY.deadline_s <= time.monotonic() - began_s < LONG_S / 4
    assert voters(ballot) == [FAIRNESS, PERFORMANCE]
    assert "no answer within " in ballot.absent[COST]
    assert ticks >= 5


def test_the_deadline_of_an_agent_is_two_seconds() -> None:
    assert (POLICY.deadline_s, POLICY.attempt_s, POLICY.attempts) == (2.0, 2.0, 1)


def test_an_agent_slower_than_usual_but_within_its_deadline_votes(table: Table) -> None:
    table.flags = Flags(agent_delays_s={PERFORMANCE: 0.2})
    assert voters(asyncio.run(asked(table.open(POLICY)))) == list(AGENTS)


def test_behind_a_stuck_agent_nobody_waits(table: Table) -> None:
    async def one_after_the_other() -> tuple[list[Ballot], float]:
        await asked(council)
        began_s = time.monotonic()
        return [await asked(council) for _ in range(10)], time.monotonic() - began_s

    table.flags = Flags(agent_delays_s={COST: LONG_S})
    council = table.open(POLICY)
    ballots, took_s = asyncio.run(one_after_the_other())
    assert all("busy, for" in ballot.absent[COST] for ballot in ballots)
    assert all(voters(ballot) == [FAIRNESS, PERFORMANCE] for ballot in ballots)
    assert took_s < POLICY.deadline_s


def test_an_agent_that_keeps_failing_is_skipped_and_asked_again_later(table: Table) -> None:
    async def failing_then_well() -> list[Ballot]:
        table.flags = Flags(failing_agents=frozenset({COST}))
        skipped = [await asked(council) for _ in range(POLICY.open_after_failures + 2)]
        table.flags = Flags()
        async with asyncio.timeout(30):
            while len((ballot := await asked(council)).votes) < 3:
                await asyncio.sleep(0.05)
        return [*skipped, ballot]

    council = table.open()
    *skipped, last = asyncio.run(failing_then_well())
    assert "told to fail" in skipped[0].absent[COST]
    assert "breaker is open" in skipped[-1].absent[COST]
    assert voters(last) == list(AGENTS)
    states = [change.after for change in table.changes if change.dependency == COST]
    assert states == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]
    assert {change.dependency for change in table.changes} == {COST}


def test_an_agent_that_keeps_missing_its_deadline_costs_it_a_few_times_only(table: Table) -> None:
    async def until_it_is_skipped() -> list[str]:
        reasons: list[str] = []
        async with asyncio.timeout(60):
            while not reasons or "breaker is open" not in reasons[-1]:
                reasons.append((await asked(council)).absent[FAIRNESS])
                await asyncio.sleep(0.02)
        began_s = time.monotonic()
        await asked(council)
        assert time.monotonic() - began_s < POLICY.deadline_s
        return reasons

    table.flags = Flags(agent_delays_s={FAIRNESS: 1.0})
    council = table.open(replace(HASTY, open_s=LONG_S))
    *late, _ = asyncio.run(until_it_is_skipped())
    assert sum("no answer within " in reason for reason in late) == POLICY.open_after_failures
    assert all("no answer" in reason or "busy, for" in reason for reason in late)
    assert council.states[FAIRNESS] is BreakerState.OPEN


@pytest.mark.parametrize("damage", ["missing", "cut short", "junk"])
def test_an_agent_without_sound_weights_is_absent_and_the_others_vote(
    damage: str, table: Table, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "weights"))
    path = path_of(FAIRNESS, folder)
    match damage:
        case "missing":
            path.unlink()
        case "cut short":
            path.write_bytes(path.read_bytes()[:3000])
        case _:
            path.write_bytes(b"junk" * 1000)
    council = table.open(folder=folder)
    assert str(path) in council.missing[FAIRNESS]
    ballot = asyncio.run(asked(council))
    assert voters(ballot) == [COST, PERFORMANCE]
    assert ballot.absent == council.missing


def test_without_any_weights_there_is_an_empty_ballot(table: Table, tmp_path: Path) -> None:
    ballot = asyncio.run(asked(table.open(folder=tmp_path)))
    assert ballot.votes == ()
    assert ballot.absent.keys() == set(AGENTS)


@pytest.mark.parametrize("hours", [float("nan"), 10**400, "long"])
def test_a_context_that_makes_no_sense_costs_votes_and_not_the_request(hours: object, table: Table) -> None:
    window = repeated(a_request(), 1, 1000)
    damaged = replace(window, decisions=(replace(window.decisions[0], hours=hours),))
    ballot = asyncio.run(asked(table.open(), seen(a_request(), 3, damaged)))
    assert ballot.votes == ()
    assert ballot.absent.keys() == set(AGENTS)


def test_closing_ends_a_drill(table: Table) -> None:
    table.flags = Flags(agent_delays_s={COST: LONG_S})
    council = table.open()
    asyncio.run(asked(council))
    began_s = time.monotonic()
    council.close()
    wait_until(lambda: not threads_of_agents(), 10, "the agents' threads end")
    assert time.monotonic() - began_s < LONG_S / 4
