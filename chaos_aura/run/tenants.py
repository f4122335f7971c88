"""The load of a run: its plan, its process, and what has been recorded of it."""

import time
from collections.abc import Mapping

from chaos_aura.core.errors import ChaosAuraError, LoadFailed, MachineLacks, ServiceUnhealthy
from chaos_aura.core.verdict import Judgement, Verdict, failed, passed, unknown
from chaos_aura.judge.backlog import Limits
from chaos_aura.judge.baseline import LASTS_S, Baseline
from chaos_aura.judge.noise import noisy_s
from chaos_aura.load.capacity import free_of, inventory_of
from chaos_aura.load.mix import Mix
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.process import LoadProcess, start
from chaos_aura.load.shapes import SPIKE
from chaos_aura.load.state import Doing, LoadState
from chaos_aura.record.history import read_history
from chaos_aura.run.carried import capacity_here
from chaos_aura.run.load_wanted import LoadWanted
from chaos_aura.run.observation import CANARIES, TENANTS, Observation
from chaos_aura.run.records import Records
from chaos_aura.run.run import Run
from chaos_aura.run.signs import signs

_EDGE, _API = "load.api", "api"
_RUNNING_WITHIN_S = 30.0
_BASELINE_WITHIN_S = 60.0  # beyond what was asked for
_HOPELESS_TIMES = 2  # so many stretches in which nothing at all went well: that is no start any more
_STOPS_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.25
_LATE_MS = 250.0  # a load that begins later than this would blame the system for itself
_NS = 1e9


class BaselineNotMet(ChaosAuraError):
    pass


def refuse_full_pool(free: Mapping[str, int], inventory: Mapping[str, int], mix: Mix) -> None:
    """ServiceUnhealthy when nobody could be granted anything: each refusal would be right, and say nothing."""
    wanted = [name for name, weight in mix.gpu_types.items() if weight and inventory.get(name)]
    if not wanted or any(free.get(name) for name in wanted):
        return
    held = ", ".join(f"{inventory[name]} {name}" for name in wanted)
    why = f"has none free: {held} are all held before the load begins"
    raise ServiceUnhealthy("the pool of GPUs", why, "wait until their hours are over, or: chaos-aura down --purge")


class Tenants:
    def __init__(self, run: Run, wanted: LoadWanted) -> None:
        if run.catalogue is None:
            raise MachineLacks("load", "has no stack to ask", "let the control bring one up")
        wanted.refuse_nonsense()
        self.wanted = wanted
        self._direct = f"http://{run.catalogue.service(_API).address}"
        self.inventory = inventory_of(self._direct)
        self.free = free_of(self._direct)
        self.capacity_per_s, self.capacity_origin = 0.0, ""
        if wanted.needs_capacity:
            capacity = capacity_here(run, run.catalogue, self._direct, self.inventory)
            self.capacity_per_s, self.capacity_origin = capacity.cycles_per_s, capacity.origin
        url = f"http://{run.catalogue.edge(_EDGE).address}"
        self.plan: LoadPlan = wanted.plan(url, run.tag, run.seed, self.capacity_per_s, run.options.limit_s)
        refuse_full_pool(self.free, self.inventory, self.plan.mix)
        self.baselines: Mapping[str, Baseline] = {}
        self.usual = Limits()
        self.ended: LoadState | None = None
        self.last: LoadState | None = None
        self._run = run
        self._records = Records(run.folder.path)
        self._process: LoadProcess = start(self.plan, run.folder.path, run.folder.log("load"))
        run.timeline.tell("load.started", pid=self._process.pid, shape=wanted.shape, seed=run.seed)
        try:
            self._process.await_running(_RUNNING_WITHIN_S)
        except BaseException:  # also an interruption: nobody else knows of it yet
            self._process.stop(_STOPS_WITHIN_S)
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def state(self) -> LoadState:
        return self.ended or self._process.state()

    @property
    def has_died(self) -> bool:
        return self.ended is None and not self._process.is_alive

    @property
    def calm_from_ns(self) -> int:
        """When it asks no more than usual again; 0 when it never asked for more."""
        if self.wanted.shape != SPIKE:
            return 0
        before_last_s = sum(phase.lasts_s for phase in self.plan.phases[:-2])
        return self.state.began_ns + int(before_last_s * _NS)

    @property
    def spike_from_ns(self) -> int | None:
        if self.wanted.shape != SPIKE:
            return None
        return self.state.began_ns + int(self.plan.phases[0].lasts_s * _NS)

    def observation(self, until_ns: int | None = None) -> Observation:
        until_ns = time.monotonic_ns() if until_ns is None else until_ns
        began_ns = self.state.began_ns
        home = self._run.project.home
        return Observation(
            until_ns,
            self._records.operations(),
            {TENANTS: self.plan.arrivals_ns(began_ns), CANARIES: self.plan.canaries_ns(began_ns)},
            self._records.samples(),
            self.free,
            [sign.at_ns for sign in signs(home, began_ns, until_ns) if sign.is_trouble],
        )

    def measure_baseline(self) -> None:
        """Until it is known how the system usually is: of the latest stretch that is long enough, because the first
        seconds may still be those of a start. BaselineNotMet when there is none in which it is well,
        LoadFailed when nobody can say, because the load has died.
        """
        began_ns = self.state.began_ns + int(self.wanted.hold_s * _NS)  # from then on there are releases, too
        deadline_s = time.monotonic() + self.wanted.baseline_s + self.wanted.hold_s + _BASELINE_WITHIN_S
        self._run.wait(max(0.0, min(self.wanted.baseline_s, LASTS_S) - 1.0))
        while True:
            until_ns = time.monotonic_ns()
            seen = self.observation(until_ns)
            from_ns = seen.since_ns(TENANTS, began_ns, until_ns, self.wanted.baseline_s)
            self.baselines = seen.baselines(from_ns, until_ns)
            bad = [f"{who}: {each.judgement}" for who, each in self.baselines.items() if not each.judgement]
            if not bad and until_ns - from_ns >= self.wanted.baseline_s * _NS:
                self.usual = seen.usual_backlogs(from_ns, until_ns)
                return
            if self.has_died:  # which says nothing of the system
                raise LoadFailed("load", self.state.why, f"its log: {self._run.folder.log('load')}")
            if self.spike_from_ns and until_ns > self.spike_from_ns:
                raise BaselineNotMet("baseline", "; ".join([*bad, "the spike has begun meanwhile"]), self._what_to_do())
            hopeless = self._hopeless(seen, began_ns, until_ns)
            if hopeless or time.monotonic() > deadline_s:
                bad = hopeless or bad
                noisy = noisy_s(seen.noisy_ns())
                beside = [f"the machine itself was noisy for {noisy:.0f} s"] if noisy else []
                raise BaselineNotMet("baseline", "; ".join([*bad, *beside]), self._what_to_do())
            if self._run.wait(_LOOK_EVERY_S):
                raise BaselineNotMet("baseline", "was not measured to its end: the run was stopped")

    def _hopeless(self, seen: Observation, began_ns: int, until_ns: int) -> list[str]:
        """Whose every operation has gone wrong for as long as it takes to see that a system is well, and once more."""
        least_ns = int(_HOPELESS_TIMES * max(self.wanted.baseline_s, LASTS_S) * _NS)
        if until_ns - began_ns < least_ns:
            return []
        lately = seen.baselines(until_ns - least_ns, until_ns)
        return [
            f"{who}: none of {each.operations} operations in {least_ns / _NS:.0f} s was answered well"
            for who, each in lately.items()
            if each.operations and not each.good
        ]

    def kept_up(self) -> Judgement:
        """A load that does not do what it was meant to proves nothing: neither for nor against the system."""
        state = self.state
        lost = state.lost + read_history(self._run.folder.histories()).unread
        if state.state is Doing.FAILED:
            return unknown(f"the load has died: {state.why}; its log: {self._run.folder.log('load')}")
        if state.why:
            return unknown(f"the load ended: {state.why}")
        if state.not_begun:
            return unknown(f"the load could not keep up: {state.not_begun} of {state.due} arrivals were not begun")
        if state.lag_p99_of_all_ms > _LATE_MS:
            return unknown(f"the load itself was late: 1 % of its arrivals by {state.lag_p99_of_all_ms:.0f} ms or more")
        if lost:
            return unknown(f"{lost} lines of the history are lost")
        return passed(f"{state.begun} arrivals, begun at most {state.lag_p99_of_all_ms:.1f} ms late (p99)")

    def baseline_judgement(self) -> Judgement:
        verdicts = [each.judgement for each in self.baselines.values()]
        if not verdicts:
            return unknown("it was not measured")
        bad = [each for each in verdicts if not each]
        if not bad:
            return passed("; ".join(f"{who}: p99 {each.p99_s:.3f} s" for who, each in self.baselines.items()))
        return (failed if any(each.verdict is Verdict.FAIL for each in bad) else unknown)("; ".join(map(str, bad)))

    def stop(self) -> None:
        """No new arrivals; what is under way is awaited, what is held is given back."""
        if self.ended is None:
            self.last = self._process.state()
            self.ended = self._process.stop(_STOPS_WITHIN_S)
            self._run.timeline.tell("load.ended", held=self.ended.held, why=self.ended.why)

    def leave(self) -> None:
        """For a run that is being stopped: the load gives back what it holds, and nobody waits for that."""
        if self.ended is None:
            self.last = self.ended = self._process.state()
            self._process.leave()
            self._run.timeline.tell("load.left", held=self.ended.held)

    def _what_to_do(self) -> str:
        return f"look at: chaos-aura status; what was asked and answered is in {self._run.folder.path}"
