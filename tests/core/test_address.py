"""Where something listens, as text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.address import HIGHEST_PORT, LOOPBACK, Address, on_loopback


@given(st.sampled_from(["127.0.0.1", "::1", "a.b.c", "ü"]), st.integers(1, HIGHEST_PORT))
def test_as_text_and_back(host: str, port: int) -> None:
    assert Address.parse(str(Address(host, port))) == Address(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "host",
        "host:",
        ":1",
        "host:0",
        "host:65536",
        "host:-1",
        "host:+1",
        "host: 1",
        "host:1_0",
        "host:\u0661",
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not host:port|names no port"):
        Address.parse(text)


def test_on_loopback() -> None:
    assert on_loopback(5) == Address(LOOPBACK, 5)
