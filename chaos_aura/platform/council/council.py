"""The council: asks its agents side by side, and says who voted how and who is absent."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from chaos_aura.platform.council.agent import Agent
from chaos_aura.platform.council.ballot import Ballot
from chaos_aura.platform.council.features import Observation, observe
from chaos_aura.platform.council.seat import POLICY, Seat
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.council.weight_file import FOLDER, BadWeights
from chaos_aura.platform.errors import PlatformError
from chaos_aura.platform.flags import Flags
from chaos_aura.platform.guards import BreakerChange, BreakerState, Policy
from chaos_aura.platform.model import AllocationRequest, ContextWindow, Quote, Vote
from chaos_aura.platform.pool.availability import Availability

AGENTS = ("lnn_cost_optimizer", "lnn_fairness_enforcer", "lnn_performance_predictor")


def _unheard(_: object) -> None: ...


class Council:
    """`notice` hears of each breaker's change, `told` of each ballot.

    An agent whose weights are bad is absent from every vote, with the reason; `missing` names it from the start.
    """

    def __init__(
        self,
        flags: Callable[[], Flags],
        *,
        notice: Callable[[BreakerChange], None] = _unheard,
        told: Callable[[Ballot], None] = _unheard,
        folder: Path = FOLDER,
        policy: Policy = POLICY,
    ) -> None:
        self._flags = flags
        self._told = told
        self._seats: dict[str, Seat] = {}
        self.missing: dict[str, str] = {}
        for name in AGENTS:
            try:
                self._seats[name] = Seat(Agent(name, folder), flags, notice, policy)
            except BadWeights as cause:
                self.missing[name] = str(cause)

    async def vote(
        self,
        request: AllocationRequest,
        quote: Quote,
        availability: Availability,
        window: ContextWindow,
        now_ms: int,
    ) -> Ballot:
        """Within the agents' deadline, whatever they do."""
        situation = Situation(request, quote, availability, window, now_ms)
        asked = AGENTS[: self._flags().council_size]
        try:
            seen = observe(situation)
        except (ValueError, TypeError, OverflowError, ArithmeticError) as cause:
            ballot = Ballot(absent=dict.fromkeys(asked, f"cannot read the request or its context: {cause}"))
        else:
            ballot = self._counted(asked, await self._answers(asked, situation, seen))
        self._told(ballot)
        return ballot

    @property
    def states(self) -> dict[str, BreakerState]:
        """Of each agent that is there, its breaker's."""
        return {name: seat.state for name, seat in self._seats.items()}

    def close(self) -> None:
        for seat in self._seats.values():
            seat.close()

    async def _answers(self, asked: tuple[str, ...], situation: Situation, seen: Observation) -> list[Vote | str]:
        return await asyncio.gather(*(self._answer(name, situation, seen) for name in asked))

    async def _answer(self, name: str, situation: Situation, seen: Observation) -> Vote | str:
        """A vote, or why there is none."""
        if name in self.missing:
            return self.missing[name]
        try:
            return await self._seats[name].vote(situation, seen)
        except PlatformError as cause:
            return cause.why

    def _counted(self, asked: tuple[str, ...], answers: list[Vote | str]) -> Ballot:
        absent = {name: answer for name, answer in zip(asked, answers, strict=True) if isinstance(answer, str)}
        return Ballot(tuple(answer for answer in answers if isinstance(answer, Vote)), absent)
