"""What events add to usage, worked out by those who judge as by those who count."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.platform.events.codec import from_bytes, to_bytes
from chaos_aura.platform.model import Event, EventKind
from chaos_aura.platform.projection.effects import effect_of
from probes.sampler.additions import additions

_MONEY = st.none() | st.floats(0, 1e6, allow_nan=False)
EVENTS = st.builds(
    Event,
    event_id=st.just("r-1:e"),
    kind=st.sampled_from(EventKind),
    schema_version=st.just(1),
    allocation_id=st.just("r-1"),
    tenant=st.just("acme"),
    at_ms=st.integers(0, 2**40),
    gpu_type=st.sampled_from(["a100", "t4"]),
    count=st.integers(1, 8),
    hours=st.floats(0.1, 100),
    priority=st.just("normal"),
    spot=st.booleans(),
    hourly_usd=_MONEY,
    total_usd=_MONEY,
    gpu_ids=st.lists(st.sampled_from(["a100-0", "a100-1", "a100-2"]), max_size=3).map(tuple),
    held_ms=st.none() | st.integers(0, 10**9),
)


@given(EVENTS)
def test_both_come_to_the_same(event: Event) -> None:
    assert additions(orjson.loads(to_bytes(event))) == effect_of(from_bytes(to_bytes(event))).additions
