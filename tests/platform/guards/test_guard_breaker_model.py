"""The breaker against a simple reference: any order of calls, overlapping or not, of their ends, and of time."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import coroutine

from guarded import Answer, Failure, HandClock
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chaos_aura.platform.guards import BreakerChange, BreakerState, Policy
from chaos_aura.platform.guards.breaker import Breaker
from chaos_aura.platform.guards.phases import NotAdmitted

POLICY = Policy(
    failures=(Failure,),
    open_after_failures=3,
    open_at_rate=0.5,
    open_at_rate_failures=4,
    rate_window_s=8,
    open_s=2,
    attempt_s=3,
    probes=2,
    close_after_successes=2,
)


@dataclass(eq=False)
class Stretch:
    """Of time in one state, in the reference. `history` holds (time, succeeded)."""

    state: BreakerState
    since_s: float
    history: list[tuple[float, bool]] = field(default_factory=list)
    inside: int = 0
    last_probe_s: float = float("-inf")


class Reference:
    """Keeps everything and looks at all of it, each time."""

    def __init__(self, now_s: float) -> None:
        self.stretch = Stretch(BreakerState.CLOSED, now_s)
        self.states: list[BreakerState] = []

    def enter(self, now_s: float) -> Stretch | None:
        at = self.stretch
        if at.state is BreakerState.OPEN and now_s >= at.since_s + POLICY.open_s:
            at = self._move(BreakerState.HALF_OPEN, now_s)
        if at.state is BreakerState.OPEN:
            return None
        if at.state is BreakerState.HALF_OPEN and at.inside == POLICY.probes:
            if now_s - at.last_probe_s <= POLICY.attempt_s + POLICY.open_s:
                return None
            at = self.stretch = Stretch(BreakerState.HALF_OPEN, now_s, [each for each in at.history if each[1]])
        at.inside += 1
        at.last_probe_s = now_s
        return at

    def leave(self, entered: Stretch, now_s: float, succeeded: bool | None) -> None:
        if entered is not self.stretch:
            return
        entered.inside -= 1
        if succeeded is None:
            return
        entered.history.append((now_s, succeeded))
        if entered.state is BreakerState.HALF_OPEN:
            self._judge_probe(entered, now_s, succeeded)
        elif not succeeded and (self._in_a_row(entered) or self._too_many(entered, now_s)):
            self._move(BreakerState.OPEN, now_s)

    def _judge_probe(self, entered: Stretch, now_s: float, succeeded: bool) -> None:
        if not succeeded:
            self._move(BreakerState.OPEN, now_s)
        elif len(entered.history) >= POLICY.close_after_successes:
            self._move(BreakerState.CLOSED, now_s)

    @staticmethod
    def _in_a_row(at: Stretch) -> bool:
        newest = [succeeded for _, succeeded in at.history[-POLICY.open_after_failures :]]
        return len(newest) == POLICY.open_after_failures and not any(newest)

    @staticmethod
    def _too_many(at: Stretch, now_s: float) -> bool:
        failures = [place for place, (_, succeeded) in enumerate(at.history) if not succeeded]
        if len(failures) < POLICY.open_at_rate_failures:
            return False
        first = failures[-POLICY.open_at_rate_failures]
        newest = at.history[first:]
        share = POLICY.open_at_rate_failures / len(newest)
        return now_s - newest[0][0] <= POLICY.rate_window_s and share >= POLICY.open_at_rate

    def _move(self, state: BreakerState, now_s: float) -> Stretch:
        self.states.append(state)
        self.stretch = Stretch(state, now_s)
        return self.stretch


@coroutine
def _suspended():
    """A bare yield, driven by hand."""
    return (yield)


class BreakerAgainstReference(RuleBasedStateMachine):
    """Calls under way are coroutines that the test drives, so that every interleaving can be had in one thread."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.changes: list[BreakerChange] = []
        self.breaker = Breaker("neo4j", POLICY, (Failure,), self.changes.append, self.clock)
        self.reference = Reference(self.clock())
        self.under_way: list[tuple[Coroutine[object, object, object], Stretch]] = []

    @rule(seconds=st.sampled_from([0.25, 1.0, 2.0, 5.25]))
    def time_passes(self, seconds: float) -> None:
        self.clock.move(seconds)

    @rule()
    def a_call_begins(self) -> None:
        expected = self.reference.enter(self.clock())
        call = self.breaker.call_async(_suspended)
        try:
            call.send(None)
        except NotAdmitted:
            assert expected is None, "refused, though there was a place"
        else:
            assert expected is not None, "admitted, though there was no place"
            self.under_way.append((call, expected))

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 30), how=st.sampled_from(["result", "failure", "failure", "answer", "cancelled"]))
    def a_call_ends(self, which: int, how: str) -> None:
        call, entered = self.under_way.pop(which % len(self.under_way))
        self.reference.leave(entered, self.clock(), {"failure": False, "cancelled": None}.get(how, True))
        _end(call, how)

    @rule(how=st.sampled_from(["result", "failure", "failure", "answer", "cancelled"]), times=st.integers(1, 4))
    def calls_one_after_the_other(self, how: str, times: int) -> None:
        for _ in range(times):
            before = len(self.under_way)
            self.a_call_begins()
            if len(self.under_way) > before:
                self.a_call_ends(before, how)

    @invariant()
    def both_are_in_the_same_state_and_came_there_the_same_way(self) -> None:
        assert self.breaker.reading is self.reference.stretch.state
        assert [change.after for change in self.changes] == self.reference.states
        assert [change.before for change in self.changes] == [BreakerState.CLOSED, *self.reference.states][:-1]

    def teardown(self) -> None:
        for call, _ in self.under_way:
            call.close()


def _end(call: Coroutine[object, object, object], how: str) -> None:
    if how == "cancelled":
        call.close()
        return
    thrown = {"failure": Failure("away"), "answer": Answer("no")}.get(how)
    try:
        call.throw(thrown) if thrown else call.send("good")
    except (StopIteration, Failure, Answer):
        return
    raise AssertionError("it went on after its end")


BreakerAgainstReference.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBreakerAgainstReference = BreakerAgainstReference.TestCase
