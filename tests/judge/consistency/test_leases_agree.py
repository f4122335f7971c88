"""The sweep and the search say the same of leases, and find each kind of wrong service."""

import os
import random

import pytest
from lease_histories import Wanted, content, history
from plants import PLANTS, NoPlace

from chaos_aura.judge.consistency.check import check
from chaos_aura.judge.consistency.jepsen import read_ops
from chaos_aura.judge.consistency.leases.judging import check_leases, sweep
from chaos_aura.judge.consistency.leases.reading import read_story
from chaos_aura.judge.consistency.models import Lease

_HISTORIES = 100_000 if os.environ.get("CHAOS_AURA_LONG") else 1_000
_SEED = int(os.environ.get("CHAOS_AURA_SEED", "0"))
_PARTS = 4
_LONG_ENOUGH_S = 120.0


def _wanted(some: random.Random) -> Wanted:
    return Wanted(
        operations=some.randint(4, 40),
        processes=some.randint(1, 6),
        things=some.randint(1, 4),
        at_once=some.choice((1, 1, 2)),
        unsure=some.choice((0, 0.1)),
        looks=some.random() < 0.5,
        counts=some.random() < 0.4,
        expires=some.random() < 0.2,
    )


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("part", range(_PARTS))
def test_they_agree_on_random_histories(part: int) -> None:
    """Half of them wrong. Some cannot be decided without the search: then it is the search that decided both."""
    decided = planted = 0
    for seed in range(_SEED + part, _SEED + _HISTORIES, _PARTS):
        some = random.Random(seed)
        wanted = _wanted(some)
        rows = history(wanted, seed)
        is_right = wanted.expires or some.random() < 0.5
        if not is_right:
            try:
                rows = PLANTS[some.choice(sorted(PLANTS))](rows, some)
            except NoPlace:
                continue
            planted += 1
        told = content(rows)
        model = Lease({"g": wanted.things} if some.random() < 0.7 else {})
        searched = check(read_ops(told.splitlines(), "random").ops, model, time_limit_s=_LONG_ENOUGH_S)
        swept = check_leases(lambda told=told: [told], model, time_limit_s=_LONG_ENOUGH_S)  # type: ignore[misc]
        assert searched.validity == swept.validity == ("valid" if is_right else "invalid"), f"seed {seed}: {wanted}"
        decided += sweep(read_story([told]), model).is_decided
    assert planted > _HISTORIES / _PARTS / 6
    assert decided > _HISTORIES / _PARTS / 3


@pytest.mark.parametrize("kind", PLANTS)
def test_each_kind_is_caught(kind: str) -> None:
    caught = tried = 0
    for seed in range(1000):
        some = random.Random(seed)
        try:
            rows = PLANTS[kind](history(Wanted(operations=30, unsure=0.05), seed), some)
        except NoPlace:
            continue
        tried += 1
        caught += check_leases(lambda rows=rows: [content(rows)], Lease()).validity == "invalid"  # type: ignore[misc]
        if tried == 100:
            break
    assert tried == 100
    assert caught == 100
