import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.run.secrecy import HIDDEN, Secrecy


def test_a_value_that_is_secret_is_hidden_wherever_it_stands() -> None:
    secrecy = Secrecy({"mine": {"word": "tr0ub4dor", "pin": 4711, "on": True}, "more": ["s3cond"]})
    scrubbed = secrecy.scrub(
        {"tr0ub4dor": ["a tr0ub4dor b", ("pin 4711", 4711, 47110, True, None)], "x": {"y": "s3cond"}}
    )
    assert scrubbed == {HIDDEN: [f"a {HIDDEN} b", [f"pin {HIDDEN}", HIDDEN, 47110, True, None]], "x": {"y": HIDDEN}}


def test_one_that_begins_as_another_does_is_hidden_whole() -> None:
    assert Secrecy({"a": "hunter", "b": "hunter22"}).hide("hunter22, hunter") == f"{HIDDEN}, {HIDDEN}"


def test_what_is_too_short_to_be_a_secret_hides_nothing() -> None:
    assert Secrecy({"a": "no"}).hide("nothing is known") == "nothing is known"


@pytest.mark.parametrize(
    ("address", "hidden"),
    [
        ("redis://me:hunter22@somewhere/0", f"redis://me:{HIDDEN}@somewhere/0"),
        ("redis://:hunter22@somewhere", f"redis://:{HIDDEN}@somewhere"),
        ("bolt://127.0.0.1:7687", "bolt://127.0.0.1:7687"),
        ("http://[::1]:80/a:b@c", "http://[::1]:80/a:b@c"),
    ],
)
def test_a_password_in_an_address_is_hidden_and_a_port_is_none(address: str, hidden: str) -> None:
    assert Secrecy(None).hide(f"at {address}.") == f"at {hidden}."


def test_where_a_secret_comes_from_may_be_read_and_what_it_is_may_not() -> None:
    declared = {"db": {"key": {"type": "env", "key": "DB_KEY", "default": "fallback"}, "plain": "tr0ub4dor"}}
    told = Secrecy(None).declared(declared)
    assert told == {"db": {"key": {"type": "env", "key": "DB_KEY", "default": HIDDEN}, "plain": HIDDEN}}


words = st.text("abcdefghij*.+(\\", min_size=3, max_size=8).filter(lambda word: word not in HIDDEN)
documents = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.lists(words, min_size=1, max_size=4), documents, st.data())
def test_no_secret_is_left_in_any_document(secrets: list[str], document: object, data: st.DataObject) -> None:
    planted = data.draw(st.sampled_from(secrets))
    scrubbed = Secrecy({"all": secrets}).scrub({"here": [document, f"x{planted}y"], planted: {planted: planted}})
    for text in _texts(scrubbed):
        rest = text.replace(HIDDEN, "\0")
        assert not any(secret in rest for secret in secrets)
    json.dumps(scrubbed)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in _texts(each)]
    return [text for each in value for text in _texts(each)] if isinstance(value, list) else []
