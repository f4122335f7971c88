"""A situation as numbers: one row for each past decision, oldest first, then one for the request itself.

Shares of the inventory rather than numbers of GPUs, so that one set of weights serves a pool of 42 and of thousands.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.model import Outcome, Priority
from chaos_aura.platform.model.context import WINDOW_SIZE

Array = NDArray[np.float64]

NAMES = (
    "present",  # 1 in the last row, that of the request
    "same_type",  # 1 where the GPU type is the one asked for now
    "approved",
    "count_ln",
    "share",  # of all GPUs of its type
    "hours_ln",
    "usd_ln",
    "usd",
    "spent",  # usd of what was approved
    "type_hours",  # share times hours: how long it takes the whole of its type
    "type_hours_ln",
    "hoarded",  # type_hours of what was approved of the type asked for now
    "priority",
    "spot",
    # known of the request only, 0 in the rows of the past
    "free",
    "left",
    "crowding",  # its share of what is free
    "crowding_ln",
    "budgeted",
    "budget_used",
)
COLUMN = {name: index for index, name in enumerate(NAMES)}
MOST_DAYS = 8.0

_DAY_MS = 86_400_000
_ABSURD = 1e9  # a number in a damaged context may be anything
_PRIORITIES = {Priority.LOW.value: -1.0, Priority.NORMAL.value: 0.0, Priority.HIGH.value: 1.0}


@dataclass(frozen=True, slots=True)
class Observation:
    rows: Array  # (steps, features)
    gaps_days: Array  # (steps,): how long before each row nothing happened


def observe(situation: Situation) -> Observation:
    raw = _raw(situation)
    count, hours, usd, total, same_type, approved, priority, spot, at_ms = raw.T
    share = np.minimum(count / np.maximum(total, 1.0), 1.5)
    type_hours = share * hours
    rows = np.zeros((len(raw), len(NAMES)))
    rows[:, 1:14] = np.array(
        (
            same_type,
            approved,
            _ln(count) / 4,
            share,
            _ln(hours) / 4,
            np.log1p(usd) / 8,
            usd_scaled := np.minimum(usd / 1000, 4.0),
            usd_scaled * approved,
            type_scaled := np.minimum(type_hours / 36, 4.0),
            _ln(type_hours) / 4,
            type_scaled * same_type * approved,
            priority,
            spot,
        )
    ).T
    _complete(rows[-1], situation)
    return Observation(rows, _gaps(at_ms))


def _raw(situation: Situation) -> Array:
    request, totals = situation.request, {kind.value: n for kind, n in situation.availability.total.items()}
    asked = request.gpu_type.value
    rows = [
        (
            past.count,
            past.hours,
            past.total_usd,
            totals.get(past.gpu_type, 1),
            past.gpu_type == asked,
            past.outcome == Outcome.APPROVED,
            _PRIORITIES.get(past.priority, 0.0),
            past.spot,
            past.decided_at_ms,
        )
        for past in situation.window.decisions[-WINDOW_SIZE:]
    ]
    usd, priority = situation.quote.total_usd, _PRIORITIES[request.priority]
    now_ms = situation.now_ms
    rows.append(
        (request.count, request.hours, usd, situation.total, True, False, priority, request.spot, now_ms),
    )
    raw = np.array(rows, dtype=np.float64)
    np.clip(raw[:, :4], 0.0, _ABSURD, out=raw[:, :4])
    return raw


def _complete(row: Array, situation: Situation) -> None:
    request, total = situation.request, max(1, situation.total)
    crowding = min(request.count / max(0.25, situation.free), 4.0)
    row[0] = 1.0
    row[14:18] = situation.free / total, situation.left / total, crowding, np.log(crowding) / 4
    if request.budget_usd is not None:
        row[18:20] = 1.0, min(situation.quote.total_usd / max(request.budget_usd, 0.01), 2.0)


def _ln(values: Array) -> Array:
    return np.log(np.clip(values, 1e-3, 1e6))


def _gaps(at_ms: Array) -> Array:
    """Clocks of several machines may disagree: what seems to come before its predecessor came with it."""
    gaps = np.zeros(len(at_ms))
    np.clip((at_ms[1:] - at_ms[:-1]) / _DAY_MS, 0.0, MOST_DAYS, out=gaps[1:])
    return gaps
