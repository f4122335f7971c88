"""The council at its table: agents that are slow, failing, busy or without weights cost nothing but their own vote."""

import asyncio
import re
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
from chaos_aura.platform.council.seat import BUSY_AFTER_S, POLICY
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.council.weight_file import FOLDER, path_of
from chaos_aura.platform.flags import Flags
from chaos_aura.platform.guards import BreakerChange, BreakerState, Policy

COST, FAIRNESS, PERFORMANCE = AGENTS
LONG_S = 60.0
PATIENT = replace(POLICY, deadline_s=LONG_S, attempt_s=LONG_S)  # with agents whose thread must wait for a processor
HASTY = replace(PATIENT, attempt_s=0.3)


@dataclass
class Table:
    """A council whose flags a test throws."""

    flags: Flags = field(default_factory=Flags)
    changes: list[BreakerChange] = field(default_factory=list)
    told: list[Ballot] = field(default_factory=list)
    council: Council | None = None

    def open(self, policy: Policy = PATIENT, folder: Path = FOLDER) -> Council:
        """In place of a former one."""
        self.close()
        self.changes.clear()
        self.told.clear()
        self.council = Council(
            lambda: self.flags, notice=self.changes.append, told=self.told.append, folder=folder, policy=policy
        )
        return self.council

    def close(self) -> None:
        if self.council is not None:
            self.council.close()


@pytest.fixture
def table() -> Iterator[Table]:
    table = Table()
    yield table
    table.close()
    wait_until(lambda: not threads_of_agents(), LONG_S / 2, "the agents' threads end")


def threads_of_agents() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("lnn_")]


async def asked(council: Council, case: Situation | None = None) -> Ballot:
    case = case or ordinary()
    return await council.vote(case.request, case.quote, case.availability, case.window, case.now_ms)


def voters(ballot: Ballot) -> list[str]:
    return [vote.agent for vote in ballot.votes]


def found_it_held_up(why: str) -> bool:
    """An agent whose thread the machine has kept waiting in the middle of a vote: nobody is to wait behind it."""
    told = re.fullmatch(r"busy, for (\d+\.\d) s with one request", why)
    return told is not None and float(told[1]) > BUSY_AFTER_S


def test_all_three_vote_and_the_ballot_is_told(table: Table) -> None:
    council = table.open()
    ballot = asyncio.run(asked(council))
    assert voters(ballot) == list(AGENTS)
    assert ballot.absent == {}
    assert table.told == [ballot]
    assert council.missing == {}
    assert council.states == dict.fromkeys(AGENTS, BreakerState.CLOSED)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_smaller_council_asks_the_first_agents(size: int, table: Table) -> None:
    table.flags = Flags(council_size=size)
    ballot = asyncio.run(asked(table.open()))
    assert voters(ballot) == list(AGENTS[:size])
    assert ballot.absent == {}


def test_many_requests_at_once_follow_each_other_and_none_is_turned_away(table: Table) -> None:
    async def many() -> list[Ballot]:
        return await asyncio.gather(*(asked(council) for _ in range(60)))

    council = table.open()
    ballots = asyncio.run(many())
    assert [len(ballot.votes) + len(ballot.absent) for ballot in ballots] == [3] * 60
    assert all(found_it_held_up(why) for ballot in ballots for why in ballot.absent.values()), ballots


def test_a_failing_agent_is_absent_with_its_reason(table: Table) -> None:
    table.flags = Flags(failing_agents=frozenset({FAIRNESS}))
    ballot = asyncio.run(asked(table.open()))
    assert voters(ballot) == [COST, PERFORMANCE]
    assert "RuntimeError: told to fail, by the flag failing_agents" in ballot.absent[FAIRNESS]


def test_a_slow_agent_is_absent_at_its_deadline_while_the_loop_and_the_others_go_on(table: Table) -> None:
    async def ticking(council: Council) -> tuple[Ballot, int]:
        vote, ticks = asyncio.create_task(asked(council)), 0
        while not vote.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return await vote, ticks

    def all_else_goes_on() -> bool:
        """Unless the machine stood still just then: that held up the loop and the others too."""
        council = table.open(HASTY)
        began_s = time.monotonic()
        ballot, ticks = asyncio.run(ticking(council))
        assert HASTY.attempt_s <= time.monotonic() - began_s < LONG_S / 4
        assert "no answer within " in ballot.absent[COST]
        return voters(ballot) == [FAIRNESS, PERFORMANCE] and ticks >= 5

    table.flags = Flags(agent_delays_s={COST: LONG_S})
    wait_until(all_else_goes_on, LONG_S, "the loop and the others go on")


def test_the_deadline_of_an_agent_is_two_seconds() -> None:
    assert (POLICY.deadline_s, POLICY.attempt_s, POLICY.attempts) == (2.0, 2.0, 1)


def test_an_agent_slower_than_usual_but_within_its_deadline_votes(table: Table) -> None:
    table.flags = Flags(agent_delays_s={PERFORMANCE: 0.2})
    assert voters(asyncio.run(asked(table.open()))) == list(AGENTS)


def test_behind_a_stuck_agent_nobody_waits(table: Table) -> None:
    async def one_after_the_other(council: Council) -> tuple[list[Ballot], float]:
        await asked(council)
        began_s = time.monotonic()
        return [await asked(council) for _ in range(10)], time.monotonic() - began_s

    def nobody_waits() -> bool:
        """Unless the machine stood still just then, and the stuck one had not even begun, or the others were late."""
        ballots, took_s = asyncio.run(one_after_the_other(table.open(POLICY)))
        are_told = all("busy, for" in ballot.absent[COST] for ballot in ballots)
        are_whole = all(voters(ballot) == [FAIRNESS, PERFORMANCE] for ballot in ballots)
        return are_told and are_whole and took_s < POLICY.deadline_s

    table.flags = Flags(agent_delays_s={COST: LONG_S})
    wait_until(nobody_waits, LONG_S, "ten are decided without the stuck one, at once")


def test_an_agent_that_keeps_failing_is_skipped_and_asked_again_later(table: Table) -> None:
    policy = replace(PATIENT, open_s=0.5)

    async def failing_then_well(council: Council) -> tuple[list[Ballot], float]:
        table.flags = Flags(failing_agents=frozenset({COST}))
        began_s = time.monotonic()
        skipped = [await asked(council) for _ in range(policy.open_after_failures + 2)]
        table.flags = Flags()
        failed_for_s = time.monotonic() - began_s
        async with asyncio.timeout(30):
            while len((ballot := await asked(council)).votes) < 3:
                await asyncio.sleep(0.05)
        return [*skipped, ballot], failed_for_s

    def undisturbed() -> list[Ballot]:
        """None, if the machine stood still for so long that it was asked again while it failed."""
        ballots, failed_for_s = asyncio.run(failing_then_well(table.open(policy)))
        return ballots if failed_for_s < policy.open_s else []

    *skipped, last = wait_until(undisturbed, LONG_S, "one that fails for a moment only")
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
        return [*reasons, (await asked(council)).absent[FAIRNESS]]

    table.flags = Flags(agent_delays_s={FAIRNESS: 1.0})
    council = table.open(replace(HASTY, open_s=LONG_S))
    *late, _, again = asyncio.run(until_it_is_skipped())
    assert sum("no answer within " in reason for reason in late) == POLICY.open_after_failures
    assert all("no answer" in reason or "busy, for" in reason for reason in late)
    assert "breaker is open" in again
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
    council = table.open(HASTY)
    asyncio.run(asked(council))
    council.close()
    wait_until(lambda: not threads_of_agents(), LONG_S / 2, "the agents' threads end")
