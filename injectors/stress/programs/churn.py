"""`churn.py RATE PROGRAM`: starts so many short processes a second, and tells how many it really started lately."""

import os
import time
from collections import deque

from chaos_aura.faults.lasting.helper import Helper

_LOOK_EVERY_S = 0.01
_TOLD_S = 2.0  # the stretch that is told
_MOST_AT_ONCE = 200  # alive: this shall be churn, never a flood of processes
_CATCH_UP_S = 0.25  # what is due for longer is given up


def run(helper: Helper) -> None:
    rate, program = int(helper.arguments[0]), helper.arguments[1]
    alive, started, due, last_s = 0, 0, 0.0, time.monotonic()
    lately = deque([(last_s, 0)])
    while helper.wait(_LOOK_EVERY_S):
        now_s = time.monotonic()
        due, last_s = min(due + rate * (now_s - last_s), rate * _CATCH_UP_S + 1), now_s
        alive -= _reaped()
        while due >= 1 and alive < _MOST_AT_ONCE:
            os.posix_spawn(program, [program], {})
            due, alive, started = due - 1, alive + 1, started + 1
        now_s = time.monotonic()
        lately.append((now_s, started))
        while len(lately) > 1 and now_s - lately[1][0] >= _TOLD_S:
            lately.popleft()
        helper.report(started=started, window_s=now_s - lately[0][0], window=started - lately[0][1])


def _reaped() -> int:
    count = 0
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            count += 1
    except ChildProcessError:
        pass
    return count
