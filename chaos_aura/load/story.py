"""What a tenant does: asks for GPUs, holds them, gives them back. Until nobody can be in doubt of either.

Each try is an operation of its own, with the same request id: `"try": 2` tells the second one.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.lock import BoundedSemaphore  # type: ignore[import-untyped]

from chaos_aura.core.operation import ALLOCATE, CANARY, RELEASE, Outcome
from chaos_aura.load.answers import UNDECIDED, Answer, of_allocate, of_canary, of_look, of_release
from chaos_aura.load.asks import Ask
from chaos_aura.load.client import Client
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.tally import Tally
from chaos_aura.record.history import History

CANARY_NAME = "canary"
CANARY_WITHIN_S = 2.0
_LOOK_AGAIN_S = 0.5
_AGAIN_S = 1.0
_AGAIN_AT_ONCE = 8
_AGAIN_AT_MOST_S = 4.0
_SLOWER = 1.3
_ENDED = "the load ended"
_NS = 1e9

# What is told of each try that is over: its name, how many seconds after it was meant to begin, why it is not ok.
Told = Callable[[str, float, str], None]


@dataclass(frozen=True, slots=True)
class Tenants:
    """All that their stories share."""

    plan: LoadPlan
    client: Client
    history: History
    tally: Tally
    told: Told
    hold_s: float
    ending: Event  # then nobody holds what has been granted
    chance: random.Random
    # Those in doubt after an outage come a few at a time: else they were the next one.
    again: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AGAIN_AT_ONCE))

    def live(self, ask: Ask, due_ns: int) -> None:
        """One arrival, from its request until nothing of it is left."""
        if self._is_granted(ask, due_ns):
            self.tally.held += 1
            until_ns = time.monotonic_ns() + int(self.hold_s * _NS)
            self.ending.wait(self.hold_s)
            self._give_back(ask, min(until_ns, time.monotonic_ns()))

    def canary(self, due_ns: int) -> None:
        op = self.history.invoke(CANARY, CANARY_NAME, due_ns)
        within_s = min(self.plan.timeout_s, CANARY_WITHIN_S)
        self._end(CANARY, op, due_ns, lambda: of_canary(self.client.ask("GET", "/readyz", within_s)))

    def _is_granted(self, ask: Ask, due_ns: int) -> bool:
        known: Outcome | None = None
        for nth, try_due_ns in self._tries(due_ns):
            outcome = Outcome.INFO  # also of one that is cut short
            try:
                outcome = _of_all_tries(self._in_turn(ask, nth, try_due_ns), known)
            finally:
                self.tally.decided(outcome, known)
            if outcome is not Outcome.INFO:
                return outcome is Outcome.OK
            known = outcome
        raise AssertionError("tries never end by themselves")

    def _give_back(self, ask: Ask, due_ns: int) -> None:
        may_have_been = False
        for nth, try_due_ns in self._tries(due_ns):
            answer = self._release(ask, nth, try_due_ns, may_have_been)
            if answer.is_final:
                self.tally.held -= answer.holds_nothing
                return
            may_have_been = may_have_been or answer.outcome is Outcome.INFO

    def _in_turn(self, ask: Ask, nth: int, due_ns: int) -> Answer:
        if nth == 1:
            return self._allocate(ask, nth, due_ns)
        with self.again:
            return self._allocate(ask, nth, max(due_ns, time.monotonic_ns()))

    def _allocate(self, ask: Ask, nth: int, due_ns: int) -> Answer:
        op = self.history.invoke(ALLOCATE, ask.tenant, due_ns, _asked(ask.value, nth))
        return self._end(ALLOCATE, op, due_ns, lambda: self._decided(ask))

    def _decided(self, ask: Ask) -> Answer:
        until_s = time.monotonic() + self.plan.timeout_s
        body = {**ask.value, "hours": self.plan.hours}
        answer = of_allocate(self.client.ask("POST", "/allocations", self.plan.timeout_s, body))
        while answer.outcome is None:
            rest_s = until_s - time.monotonic()
            if rest_s <= 0:
                return Answer(Outcome.INFO, {"why": UNDECIDED})
            gevent.sleep(min(rest_s, _LOOK_AGAIN_S))
            answer = of_look(self.client.ask("GET", f"/allocations/{ask.request_id}", max(rest_s, _LOOK_AGAIN_S)))
        return answer

    def _release(self, ask: Ask, nth: int, due_ns: int, may_have_been: bool) -> Answer:
        op = self.history.invoke(RELEASE, ask.tenant, due_ns, _asked(ask.value, nth))
        path, within_s = f"/allocations/{ask.request_id}", self.plan.timeout_s

        def answered() -> Answer:
            reply = self.client.ask("DELETE", path, within_s, tenant=ask.tenant)
            return of_release(reply, may_have_been=may_have_been)

        return self._end(RELEASE, op, due_ns, answered)

    def _end(self, what: str, op: str, due_ns: int, answered: Callable[[], Answer]) -> Answer:
        """Told in any case: also of one that is cut short nobody knows more."""
        answer = Answer(Outcome.INFO, {"why": _ENDED})
        try:
            answer = answered()
        finally:
            assert answer.outcome is not None
            self.history.end(op, answer.outcome, answer.said)
            latency_s = (time.monotonic_ns() - due_ns) / _NS
            self.told(what, latency_s, "" if answer.outcome is Outcome.OK else answer.why)
        return answer

    def _tries(self, due_ns: int) -> Iterator[tuple[int, int]]:
        """When each is meant to begin; waits until then. About a second apart, and slowly more."""
        nth, pause_s = 1, _AGAIN_S
        while True:
            yield nth, due_ns
            nth += 1
            due_ns = time.monotonic_ns() + int(pause_s * self.chance.uniform(0.8, 1.2) * _NS)
            gevent.sleep(max(0.0, (due_ns - time.monotonic_ns()) / _NS))
            pause_s = min(_AGAIN_AT_MOST_S, pause_s * _SLOWER)


def _asked(value: Mapping[str, Any], nth: int) -> Mapping[str, Any]:
    return value if nth == 1 else {**value, "try": nth}


def _of_all_tries(answer: Answer, before: Outcome | None) -> Outcome:
    """A try that did nothing leaves in doubt what an earlier one did."""
    assert answer.outcome is not None
    return answer.outcome if answer.is_final or before is None else Outcome.INFO
