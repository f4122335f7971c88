"""From a fault and from how the edge is now: the sign that a round trip will show."""

import math
from dataclasses import dataclass

from chaos_aura.core.fault import Fault
from injectors.toxiproxy.greetings import Greeting
from injectors.toxiproxy.sign import Shown, Sign

_SHORTEST_MS, _LONGEST_MS = 5.0, 10.0  # of waiting for what should not come
_DELAYS_MS = 15.0  # what is asked for is delayed at least so long, by a rate or piece by piece
_SOON_MS = 8.0
_BASELINES = 4  # in as many round trips as usual take, an answer would have come
_CLEARLY = 2  # so many usual round trips are the least that can be told from one
_HAPPENS_WITHIN_MS = 100.0  # what should come: it comes at once, only the machine may be busy
_BEYOND_THE_LIMIT = 64
_MOST_PIECES = 100  # each takes Toxiproxy a millisecond, however short the pause
_BYTES_A_MS_OF_KB_A_S = 1
_US = 1000
_HAPPENS = frozenset({Shown.REFUSED, Shown.RESET, Shown.CUT_SHORT})


@dataclass(frozen=True, slots=True)
class Baseline:
    """A round trip before the fault, in milliseconds; `end_ms` is that of its end, -1 where it does not matter."""

    answer_ms: float
    end_ms: float = -1.0


def wanted_size(fault: Fault, greeting: Greeting) -> int:
    """How long question and answer have to be for the fault to show in them; no longer than the server likes."""
    match fault.kind:
        case "throttle":
            wanted = fault.number("rate_kbps") * _DELAYS_MS * _BYTES_A_MS_OF_KB_A_S
        case "slice" if fault.number("delay_us"):
            pieces = 2 + math.ceil(_DELAYS_MS * _US / fault.number("delay_us"))
            wanted = min(pieces, _MOST_PIECES) * _longest_piece(fault)
        case "limit_data" if fault.number("limit_bytes"):
            wanted = fault.number("limit_bytes") + _BEYOND_THE_LIMIT
        case _:
            wanted = 0
    return min(int(wanted), greeting.most_bytes)


def sign_of(fault: Fault, size: int, baseline: Baseline) -> Sign:
    match fault.kind:
        case "partition" if fault.text("how") == "refused":
            return Sign(Shown.REFUSED, 0, _HAPPENS_WITHIN_MS)
        case "reset" if fault.number("after_ms") <= _LONGEST_MS:
            return Sign(Shown.RESET, 0, fault.number("after_ms") + _HAPPENS_WITHIN_MS)
        case "limit_data":
            return _cut_short(fault, size)
        case "slow_close":
            return _late(Shown.LATE_END, 0, fault.number("delay_ms"), baseline.end_ms)
        case "blackhole":
            return _late(Shown.SWALLOWED, 0, math.inf, baseline.answer_ms)
        case _:
            return _late(Shown.LATE, size, _least_delay_ms(fault, size), baseline.answer_ms)


def is_seen_soon(sign: Sign) -> bool:
    """A quicker round trip before it would save less time than it takes to ask for one."""
    return sign.shown in _HAPPENS or 0 < sign.within_ms <= _SOON_MS


def _late(shown: Shown, size: int, least_ms: float, baseline_ms: float) -> Sign:
    """Waits for as long as the answer cannot come, but no longer than it takes to be sure."""
    clearly_ms = max(1.0, _CLEARLY * baseline_ms)
    patience_ms = max(_SHORTEST_MS, min(_BASELINES * baseline_ms, _LONGEST_MS), clearly_ms)
    within_ms = min(least_ms, patience_ms)
    if within_ms < clearly_ms:
        return Sign(Shown.NOTHING, why_not=f"too fine to be seen beside a round trip of {baseline_ms:.1f} ms")
    return Sign(shown, size, within_ms)


def _least_delay_ms(fault: Fault, size: int) -> float:
    match fault.kind:
        case "latency":
            return fault.number("latency_ms") - fault.number("jitter_ms")
        case "throttle":
            return size / (fault.number("rate_kbps") * _BYTES_A_MS_OF_KB_A_S)
        case "slice":
            pieces = size / _longest_piece(fault)
            return (pieces - 1) * fault.number("delay_us") / _US
        case "reset":
            return fault.number("after_ms")
    return math.inf


def _cut_short(fault: Fault, size: int) -> Sign:
    limit = fault.number("limit_bytes")
    if limit and size <= limit:
        return Sign(Shown.NOTHING, why_not=f"no small question is answered with more than {limit:.0f} bytes")
    return Sign(Shown.CUT_SHORT, size, _HAPPENS_WITHIN_MS)


def _longest_piece(fault: Fault) -> float:
    return fault.number("size_bytes") + fault.number("variation_bytes")
