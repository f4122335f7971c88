"""What single events add."""

import random

from usage_stream import story

from chaos_aura.platform.model import EventKind
from chaos_aura.platform.projection.effects import effect_of
from chaos_aura.platform.projection.usage import Usage


def test_a_grant_is_held_until_its_release() -> None:
    rng = random.Random(3)
    events = next(events for events in iter(lambda: story(rng, "acme"), []) if events[-1].kind is EventKind.RELEASED)
    granted, released = (effect_of(event) for event in events[-2:])
    held = f"held:{events[0].gpu_type}"
    assert granted.additions[held] == events[0].count
    assert released.additions[held] == -events[0].count
    assert granted.mark != released.mark


def test_an_id_that_does_not_begin_with_its_allocation_is_its_own_mark() -> None:
    (event, *_) = story(random.Random(3), "acme")
    effect = effect_of(type(event)(**{name: getattr(event, name) for name in event.__slots__} | {"event_id": "other"}))
    assert effect.mark == "other"


def test_hours_and_dollars() -> None:
    told = {"gpu_ms:a100": "5400000", "held:a100": "0", "held:t4": "3", "used_micro_usd": "1500000", "granted": "2"}
    usage = Usage.of_hash("acme", told)
    assert usage == Usage("acme", granted=2, gpu_hours={"a100": 1.5}, held_gpus={"t4": 3}, used_usd=1.5)
