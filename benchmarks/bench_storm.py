"""Controllers killed at random moments, over all kinds of fault: how long their faults outlive them.

BENCH_STRIKES (500) and BENCH_SEED choose another. Goal: the mechanism gone within 1 s, nothing left in 500 of 500.
Times count from the kill, or from when a stopped Toxiproxy goes on: until looks at the whole stack show nothing any
more, and until the leases are closed as well, which takes longer where a request could still be under way.
"""

import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench_degraded import quantile
from driven_allocations import drive
from hurting import is_well
from local_stack import placed
from storm import Storm, Strike

_STRIKES = int(os.environ.get("BENCH_STRIKES", "500"))
_SEED = int(os.environ.get("BENCH_SEED", random.SystemRandom().randrange(10**6)))
_GONE_WITHIN_S = 30
_WELL_WITHIN_S = 30
_GOAL_S = 1.0


def main() -> int:
    """1 when anything was left or refused, or the platform did not recover."""
    with tempfile.TemporaryDirectory() as folder, placed(Path(folder)) as one:
        one.up()
        stack = one.running()
        drive(stack, 3)
        print(f"seed {_SEED}, {_STRIKES} strikes", flush=True)
        storm = Storm(stack, _SEED, _GONE_WITHIN_S)
        strikes = []
        try:
            for number in range(_STRIKES):
                strikes.append(storm.strike(number))
                if strikes[-1].left:
                    print(f"  left by {number}, {strikes[-1]}: {strikes[-1].left}", flush=True)
        finally:
            storm.close()
        _print(strikes)
        ended_s = time.monotonic()
        while not is_well(stack) and time.monotonic() < ended_s + _WELL_WITHIN_S:
            time.sleep(0.05)
        well = is_well(stack)
        print(f"the platform: {'well' if well else 'NOT WELL'} {time.monotonic() - ended_s:.1f} s after")
        drive(stack, 1)
        return int(not well or any(strike.left or strike.was_refused for strike in strikes))


def _print(strikes: list[Strike]) -> None:
    for how in sorted({strike.how for strike in strikes}):
        chosen = [strike for strike in strikes if strike.how == how]
        gone_s, closed_s = [strike.gone_s for strike in chosen], [strike.closed_s for strike in chosen]
        late = Counter(strike.blow.kind for strike in chosen if strike.gone_s > _GOAL_S)
        p50, p99, longest = (quantile(gone_s, share) for share in (0.5, 0.99, 1))
        print(f"{how}: {len(chosen)} strikes")
        print(f"    gone    p50 {p50:5.2f}  p99 {p99:5.2f}  longest {longest:5.2f} s  beyond 1 s: {dict(late)}")
        print(f"    closed  p50 {quantile(closed_s, 0.5):5.2f}  p99 {quantile(closed_s, 0.99):5.2f} s")
    refused = [strike for strike in strikes if strike.was_refused]
    print(f"killed after its fault was injected: {sum(strike.was_injected for strike in strikes)} of {len(strikes)}")
    print(f"left something: {sum(bool(strike.left) for strike in strikes)} of {len(strikes)}")
    print(f"within {_GOAL_S:g} s: {sum(strike.gone_s <= _GOAL_S for strike in strikes)} of {len(strikes)}")
    print(f"refused, so nothing was tried: {len(refused)}")
    for strike in refused[:5]:
        print(f"    {strike}: {strike.said}")


if __name__ == "__main__":
    sys.exit(main())
