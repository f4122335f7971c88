"""Controllers killed at random moments, over all kinds of fault, on a living stack, and what their faults leave."""

import itertools
import math
import os
import random
import signal
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awaiting import wait_until
from blows import Blow
from controlling import Controller, controller
from grounds import ground_of
from hurting import paused
from local_stack import chaos_aura
from own_connections import has_sent_what_nobody_read
from scene import Scene, Unseen, difference

from chaos_aura.core.signature import signer
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER, REAPER_LOCK
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.registry import Registry
from chaos_aura.stack.running import RunningStack

AT, DURING, HANGING = "at", "during", "with a hanging Toxiproxy at"
WITH_ITS_REAPER = "with its reaper at"  # dies just before it: any command must mend what nobody watches over then
_HOWS = (AT, AT, DURING, DURING, WITH_ITS_REAPER)
_NO_LEASE_YET = ("prepare", "lease")
_LEASED = ("inject", "prove", "in_force", "heal", "gone")
_STEPS = {
    AT: (*_NO_LEASE_YET, *_LEASED, "healed"),
    DURING: (*_NO_LEASE_YET, *_LEASED),
    WITH_ITS_REAPER: _LEASED,  # one that watches over nothing may die
}
# So long after a step has begun the controller is killed: each length as often as one ten times as long.
_DURING_S = (0.001, 2.0)
_HANGS_S = 1.0
_ENDED_WITHIN_S = 30
_SENT_WITHIN_S = 10
_TRIES = 3  # where whom it should strike got no processor in time to answer, so that it was left alone
_PROVEN_WITHIN_S = 20  # on a busy machine
_TOO_BUSY = ("no answer within", "no whole answer within", "no round trip")
_HANGS_FOR = 1 / 3  # of the network blows
_MOST_SPARED = 3  # network blows one after the other
_UNPROVEN = "could not be proven"


@dataclass(frozen=True)
class Strike:
    """One controller's end. Both times count from when it could be healed.

    `gone_s`: until a look showed nothing of it, and none after that did; `closed_s`: until its lease was healed, too.
    """

    blow: Blow
    step: str
    how: str
    said: str
    gone_s: float
    closed_s: float
    left: Mapping[str, Any]

    @property
    def was_unproven(self) -> bool:
        """It was tried, and healed again before its controller died."""
        return self.said.startswith("failed") and _UNPROVEN in self.said

    @property
    def was_refused(self) -> bool:
        """Nothing was tried: it could not be done, or whom it should strike was not well after the strike before."""
        return self.said.startswith("failed") and not self.was_unproven

    @property
    def met_a_busy_machine(self) -> bool:
        """Refused for that, which is nobody's fault and no strike."""
        return self.was_refused and any(words in self.said for words in _TOO_BUSY)

    @property
    def was_injected(self) -> bool:
        """The controller was killed after it had asked for its fault."""
        return self.step in ("prove", "in_force", "heal", "gone") and not self.said.startswith("failed")

    @property
    def had_reaper(self) -> bool:
        return self.how != WITH_ITS_REAPER

    def __str__(self) -> str:
        return f"{self.blow}, {self.how} {self.step}"


def never_proven(strikes: Collection[Strike]) -> set[str]:
    """Kinds of which each strike was tried in vain: nothing was seen of what they leave."""
    return {each.blow.kind for each in strikes} - {each.blow.kind for each in strikes if not each.was_unproven}


class Storm:
    """The seed decides what is struck, when and how; the machine decides what is just going on then."""

    def __init__(self, stack: RunningStack, seed: int, blows: Sequence[Blow], closed_within_s: float) -> None:
        self._stack = stack
        self._random = random.Random(seed)
        self._blows = blows
        self._closed_within_s = closed_within_s
        self._spared = 0
        self._hanging_at = itertools.cycle(self._random.choice((("inject", "heal"), ("heal", "inject"))))
        self._ledger = Ledger(stack.project.home / FOLDER)
        self._link = ReaperLink(stack.project.home)
        self._scene = Scene(stack)
        self._before = self._scene.look()

    def close(self) -> None:
        self._link.close()
        self._scene.close()

    def strike(self, number: int) -> Strike:
        """Kinds in turn, so that none is spared."""
        for _ in range(_TRIES):
            struck = self._struck(self._blows[number % len(self._blows)].on(self._stack.project.home))
            if not struck.met_a_busy_machine:
                break
        return struck

    def _struck(self, blow: Blow) -> Strike:
        self._link.ready()
        if blow.is_network and self._meets_a_hanging_proxy():
            step = next(self._hanging_at)
            return self._judged(blow, step, HANGING, *self._with_hanging_proxy(blow, step))
        how = self._random.choice(_HOWS)
        step = self._random.choice(_STEPS[how])
        if how == DURING:
            return self._judged(blow, step, how, *self._killed_during(blow, step))
        return self._judged(blow, step, how, *self._killed_at(blow, step, with_reaper=how == WITH_ITS_REAPER))

    def strike_in_force(self, kind: str) -> Strike:
        """Whether it can be proven at all."""
        self._link.ready()
        blow = next(blow for blow in self._blows if blow.kind == kind).on(self._stack.project.home)
        return self._judged(blow, "in_force", AT, *self._killed_at(blow, "in_force", with_reaper=False))

    def left_in_the_end(self) -> Mapping[str, Any]:
        """After as long as the last request that was sent may still take effect."""
        settles_s = max(each.settle_s for each in Registry.installed(ground_of(self._stack)).injectors)
        settled_s = time.monotonic() + settles_s
        while (left := self._mechanisms()) or time.monotonic() < settled_s:
            if time.monotonic() > settled_s + self._closed_within_s:
                break
        return left

    def _meets_a_hanging_proxy(self) -> bool:
        if self._spared < _MOST_SPARED and self._random.random() >= _HANGS_FOR:
            self._spared += 1
            return False
        self._spared = 0
        return True

    def _killed_at(self, blow: Blow, step: str, *, with_reaper: bool) -> tuple[str, float]:
        with self._controller(blow, step) as one:
            said = one.await_step(step)
            if with_reaper:
                self._kill_reaper(one)
            one.end()
        free_s = time.monotonic()
        if with_reaper:
            self._run_any_command()
        return said, free_s

    def _killed_during(self, blow: Blow, step: str) -> tuple[str, float]:
        with self._controller(blow, "none") as one:
            said = one.await_step(step)
            shortest, longest = map(math.log, _DURING_S)
            time.sleep(math.exp(self._random.uniform(shortest, longest)))  # not a wait: the moment is the test
            one.end()
        return said, time.monotonic()

    def _with_hanging_proxy(self, blow: Blow, step: str) -> tuple[str, float]:
        """Its request is sent and not answered when it dies; it takes effect when Toxiproxy goes on."""
        hangs_s = self._random.uniform(0, _HANGS_S)
        with self._controller(blow, step) as one:
            said = one.await_step(step)
            if not said.startswith("failed"):
                self._ended_with_its_request(one, hangs_s)
        return said, time.monotonic()

    def _ended_with_its_request(self, one: Controller, hangs_s: float) -> None:
        pid, port = one.process.pid, self._stack.catalogue.service("toxiproxy").address.port
        with paused(self._stack, "toxiproxy"):
            one.go_on()
            wait_until(lambda: has_sent_what_nobody_read(pid, port), _SENT_WITHIN_S, "the request is sent")
            one.end()
            time.sleep(hangs_s)  # how long it hangs is the test

    def _kill_reaper(self, one: Controller) -> None:
        """The controller is stopped first: alive, it would only start another."""
        os.kill(one.process.pid, signal.SIGSTOP)
        if reaper := signer(self._stack.project.home / FOLDER / REAPER_LOCK):
            os.kill(reaper.pid, signal.SIGKILL)
            wait_until(lambda: not reaper.is_alive(), _ENDED_WITHIN_S, "the reaper is dead")

    def _run_any_command(self) -> None:
        """One that has nothing to do with faults: it mends what nobody watches over any more."""
        words = chaos_aura("address", "redis")
        subprocess.run(words, cwd=self._stack.project.root, env=self._environ(), check=True, capture_output=True)

    def _judged(self, blow: Blow, step: str, how: str, said: str, free_s: float) -> Strike:
        gone_s, left = None, self._mechanisms()
        while time.monotonic() < free_s + self._closed_within_s:
            now_s = time.monotonic() - free_s
            gone_s = None if left else now_s if gone_s is None else gone_s
            leases = self._leases()
            if gone_s is not None and not leases:
                return Strike(blow, step, how, said, gone_s, now_s, {})
            left = self._mechanisms()
        took_s = time.monotonic() - free_s
        return Strike(blow, step, how, said, gone_s or took_s, took_s, left or {"leases": self._leases()})

    def _mechanisms(self) -> Mapping[str, Any]:
        try:
            return difference(self._before, self._scene.look())
        except Unseen as cause:
            return {"unseen": str(cause)}

    def _leases(self) -> list[str]:
        return [f"{lease.fault} {lease.state}: {lease.why}" for lease in self._ledger.open_leases()]

    def _controller(self, blow: Blow, halt: str) -> Any:
        within = f"within_s={_PROVEN_WITHIN_S}"
        return controller(self._stack.project.home, self._environ(), halt, *blow.words(), within)

    def _environ(self) -> dict[str, str]:
        return {key: value for key, value in os.environ.items() if key != "CHAOS_AURA_PROJECT"}
