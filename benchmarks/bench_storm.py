"""Controllers killed at random moments, over all kinds of fault: how long their faults outlive them.

BENCH_STRIKES (500) and BENCH_SEED choose another. Goals: the mechanism gone within 1 s where a reaper lives, nothing
left in 500 of 500, the platform well again within 30 s, looked at every 20 strikes. Times count from the kill, from
when a stopped Toxiproxy goes on, or where the reaper was killed, too, from the start of the command that mends it:
until looks at the whole stack show nothing any more, and until the leases are closed as well, which takes longer where
a request could still be under way.
"""

import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_degraded import quantile
from blows import possible_blows
from driven_allocations import drive
from hurting import is_well
from local_stack import placed
from storm import Storm, Strike, never_proven

from chaos_aura.stack.running import RunningStack

_STRIKES = int(os.environ.get("BENCH_STRIKES", "500"))
_SEED = int(os.environ.get("BENCH_SEED", random.SystemRandom().randrange(10**6)))
_CLOSED_WITHIN_S = 30
_WELL_WITHIN_S = 30.0
_LOOKED_AT_EVERY = 20  # strikes
_LOOK_EVERY_S = 0.05
_GOAL_S = 1.0
_MOST_UNPROVEN = 0.1


def main() -> int:
    """1 when a goal was missed, or a strike refused, or a kind never proven."""
    with tempfile.TemporaryDirectory() as folder, placed(Path(folder)) as one:
        one.up()
        stack = one.running()
        drive(stack, 3)
        with _storm(stack) as storm:
            strikes, well_after_s = _struck(stack, storm)
            late = storm.left_in_the_end()
        _print(strikes)
        are_good = [_told(strikes, late), _told_of_platform(well_after_s)]
        drive(stack, 1)
        return int(not all(are_good))


@contextmanager
def _storm(stack: RunningStack) -> Iterator[Storm]:
    blows, left_out = possible_blows(stack)
    print(f"seed {_SEED}, {_STRIKES} strikes, {len(blows)} kinds of blow", flush=True)
    for each in left_out:
        print(f"    left out: {each}")
    storm = Storm(stack, _SEED, blows, _CLOSED_WITHIN_S)
    try:
        yield storm
    finally:
        storm.close()


def _struck(stack: RunningStack, storm: Storm) -> tuple[list[Strike], list[float]]:
    """All strikes, and how long the platform took to be well each time that it was looked at."""
    strikes, well_after_s = [], []
    for number in range(_STRIKES):
        strikes.append(storm.strike(number))
        if strikes[-1].left:
            print(f"  left by {number}, {strikes[-1]}: {strikes[-1].left}", flush=True)
        if number % _LOOKED_AT_EVERY == _LOOKED_AT_EVERY - 1 or number == _STRIKES - 1:
            well_after_s.append(_well_after_s(stack))
    return strikes, well_after_s


def _well_after_s(stack: RunningStack) -> float:
    """Endless when not within its budget."""
    began_s = time.monotonic()
    while not is_well(stack):
        if time.monotonic() > began_s + _WELL_WITHIN_S:
            return float("inf")
        time.sleep(_LOOK_EVERY_S)
    return time.monotonic() - began_s


def _print(strikes: Sequence[Strike]) -> None:
    for how in sorted({strike.how for strike in strikes}):
        chosen = [strike for strike in strikes if strike.how == how]
        gone_s, closed_s = [strike.gone_s for strike in chosen], [strike.closed_s for strike in chosen]
        late = Counter(strike.blow.kind for strike in chosen if strike.gone_s > _GOAL_S)
        p50, p99, longest = (quantile(gone_s, share) for share in (0.5, 0.99, 1))
        print(f"{how}: {len(chosen)} strikes, {dict(Counter(strike.step for strike in chosen))}")
        print(f"    gone    p50 {p50:5.2f}  p99 {p99:5.2f}  longest {longest:5.2f} s  beyond 1 s: {dict(late)}")
        print(f"    closed  p50 {quantile(closed_s, 0.5):5.2f}  p99 {quantile(closed_s, 0.99):5.2f} s")


def _told(strikes: Sequence[Strike], late: Mapping[str, Any]) -> bool:
    """Whether each goal was met that speaks of a strike."""
    refused = [strike for strike in strikes if strike.was_refused]
    unproven = [strike for strike in strikes if strike.was_unproven]
    guarded, alone = ([strike for strike in strikes if strike.had_reaper is had] for had in (True, False))
    slow = [strike for strike in guarded if strike.gone_s > _GOAL_S]
    left = sum(bool(strike.left) for strike in strikes)
    print(f"killed after its fault was injected: {sum(strike.was_injected for strike in strikes)} of {len(strikes)}")
    print(f"left something: {left} of {len(strikes)}{_goal(not left, '0')}")
    print(f"left in the end: {dict(late) or 'nothing'}{_goal(not late, 'nothing')}")
    met = f"{len(guarded) - len(slow)} of {len(guarded)}"
    print(f"gone within {_GOAL_S:g} s where a reaper lived: {met}{_goal(not slow, 'all')}")
    for strike in slow:
        print(f"    {strike}: {strike.gone_s:.2f} s")
    print(f"where it was killed, too: {sum(strike.gone_s <= _GOAL_S for strike in alone)} of {len(alone)}, no goal")
    never = never_proven(strikes)
    are_proven = not never and len(unproven) <= len(strikes) * _MOST_UNPROVEN
    print(f"not proven, so healed at once: {len(unproven)}; never proven: {sorted(never) or 'none'}")
    print(f"refused, so nothing was tried: {len(refused)}{_goal(not refused, '0')}")
    for strike in [*refused, *unproven][:10]:
        print(f"    {strike}: {strike.said}")
    return not (left or late or slow or refused) and are_proven


def _told_of_platform(well_after_s: Sequence[float]) -> bool:
    well = [each for each in well_after_s if each <= _WELL_WITHIN_S]
    is_good = len(well) == len(well_after_s)
    times, goal = f"{len(well)} of {len(well_after_s)} times", _goal(is_good, f"{_WELL_WITHIN_S:g} s")
    print(f"the platform was well again {times}, longest {max(well_after_s):.1f} s{goal}")
    return is_good


def _goal(is_met: bool, goal: str) -> str:
    return f"  (goal {goal}: {'met' if is_met else 'MISSED'})"


if __name__ == "__main__":
    sys.exit(main())
