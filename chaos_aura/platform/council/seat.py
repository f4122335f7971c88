"""One agent at the table, in a thread of its own: whatever it does there, the others and the event loop go on.

A thread even though a vote takes 0.1 ms, and the hops of three cost 0.4 ms of processor time besides: only so does the
deadline hold for an agent that is slow for whatever reason. At 30 requests/s that is 1 % of a core.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from chaos_aura.platform.council.agent import Agent
from chaos_aura.platform.council.features import Observation
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.errors import PlatformError
from chaos_aura.platform.flags import Flags
from chaos_aura.platform.guards import BreakerChange, BreakerState, Guard, Policy
from chaos_aura.platform.model import Vote

DEADLINE_S = 2.0
# Votes are so short that several requests at once simply follow each other; behind a stuck one, nobody waits. A thread
# that competes with busy ones for the interpreter has taken 30 ms.
BUSY_AFTER_S = 0.25
MOST_WAITING = 100


class AgentFailed(Exception):
    """The agent raised something; its cause says what."""


class Busy(PlatformError):
    """It is still at an earlier request."""


# Not retried: the same agent would say the same, and two others are there. A probe may cost a request the whole
# deadline, so they are rare.
POLICY = Policy(
    failures=(AgentFailed,),
    deadline_s=DEADLINE_S,
    attempt_s=DEADLINE_S,
    attempts=1,
    open_after_failures=3,
    open_s=5.0,
)


class Seat:
    def __init__(
        self,
        agent: Agent,
        flags: Callable[[], Flags],
        notice: Callable[[BreakerChange], None],
        policy: Policy = POLICY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agent = agent
        self._flags = flags
        self._clock = clock
        self._guard = Guard(agent.name, flags=flags, policy=policy, notice=notice)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=agent.name)
        self._closed = threading.Event()
        self._began_s: float | None = None  # the vote under way; written by its thread
        self._waiting = 0

    @property
    def state(self) -> BreakerState:
        return self._guard.state

    async def vote(self, situation: Situation, seen: Observation) -> Vote:
        """Busy at once, or DependencyFailed within the deadline."""
        self._refuse_to_wait()
        self._waiting += 1
        try:
            return await self._guard.run(lambda: self._in_thread(situation, seen))
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Ends drills; waits for nothing."""
        self._closed.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _refuse_to_wait(self) -> None:
        began_s = self._began_s
        for_s = 0.0 if began_s is None else self._clock() - began_s
        if for_s > BUSY_AFTER_S or self._waiting >= MOST_WAITING:
            raise Busy(self._agent.name, f"busy, for {for_s:.1f} s with one request")

    async def _in_thread(self, situation: Situation, seen: Observation) -> Vote:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._vote, situation, seen)

    def _vote(self, situation: Situation, seen: Observation) -> Vote:
        self._began_s = self._clock()
        try:
            self._drill()
            return self._agent.vote(situation, seen)
        except Exception as cause:  # the agent's border: whatever it raises is its absence
            raise AgentFailed(f"{type(cause).__name__}: {cause}") from cause
        finally:
            self._began_s = None

    def _drill(self) -> None:
        flags = self._flags()
        if delay_s := flags.agent_delays_s.get(self._agent.name):
            self._closed.wait(delay_s)
        if self._agent.name in flags.failing_agents:
            raise RuntimeError("told to fail, by the flag failing_agents")
