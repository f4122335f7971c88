"""A member of a window is one canonical text: any change of it is seen, and its order is that of time and id."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.platform.model import PastDecision
from chaos_aura.platform.stores.context_members import NotAMember, decision_of, member_of

_IDS = st.text("abcXYZ019-._:", min_size=1, max_size=6)
_PAST = st.builds(
    PastDecision,
    allocation_id=_IDS | st.text(st.characters(exclude_categories=["Cs"])),
    decided_at_ms=st.integers(0, 2**45),
    gpu_type=st.sampled_from(["t4", "a100"]),
    count=st.integers(1, 100),
    hours=st.floats(0.01, 1000) | st.integers(1, 1000),
    priority=st.sampled_from(["low", "high"]),
    spot=st.booleans(),
    outcome=st.sampled_from(["approved", "refused"]),
    total_usd=st.floats(0, 1e9),
)


@given(_PAST)
def test_a_decision_comes_back(past: PastDecision):
    assert decision_of(member_of(past), float(past.decided_at_ms)) == past


def test_it_is_the_text_that_others_read():
    past = PastDecision("a-17", 1_780_000_000_000, "a100", 2, 2, "normal", False, "approved", 20.48)
    assert member_of(past) == (
        b'{"allocation_id":"a-17","decided_at_ms":1780000000000,"gpu_type":"a100","count":2,"hours":2.0,'
        b'"priority":"normal","spot":false,"outcome":"approved","total_usd":20.48,"crc32":1158451055}'
    )


@given(_PAST, st.data())
def test_any_changed_byte_is_seen(past: PastDecision, data: st.DataObject):
    member = bytearray(member_of(past))
    at = data.draw(st.integers(0, len(member) - 1))
    member[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NotAMember):
        decision_of(bytes(member), float(past.decided_at_ms))


@given(_PAST, st.binary(max_size=40) | st.sampled_from([b"{}", b"[]", b"null", b"1", b'"x"']), st.booleans())
def test_anything_else_is_no_member(past: PastDecision, other: bytes, is_cut: bool):
    with pytest.raises(NotAMember):
        decision_of(member_of(past)[:-1] if is_cut else other, float(past.decided_at_ms))


@given(_PAST)
def test_a_member_at_another_time_is_seen(past: PastDecision):
    with pytest.raises(NotAMember):
        decision_of(member_of(past), past.decided_at_ms + 1.0)


@given(_IDS, _IDS, _PAST)
def test_members_of_one_time_order_by_id(one: str, other: str, past: PastDecision):
    members = [member_of(replace(past, allocation_id=allocation_id)) for allocation_id in (one, other)]
    assert (members[0] < members[1]) == (one < other)
