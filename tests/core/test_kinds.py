"""The words for faults, and what can be said with them."""

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.core.kind import Kind, Parameter
from chaos_aura.core.kinds import KINDS

KIND = Kind(
    "sample",
    "do something",
    (
        Parameter("number", float, "a number", default=1.0, least=0, most=10),
        Parameter("whole", int, "a whole number", default=1, least=1),
        Parameter("text", str, "a text", default="a", choices=("a", "b")),
        Parameter("flag", bool, "a flag", default=False),
        Parameter("needed", str, "it must be given"),
    ),
)


def test_what_is_not_given_has_its_default() -> None:
    read = KIND.read({"needed": "x"})
    assert read == {"number": 1.0, "whole": 1, "text": "a", "flag": False, "needed": "x"}


def test_texts_of_a_command_line_are_read_as_json_would_be() -> None:
    read = KIND.read({"number": "2.5", "whole": "3", "text": "b", "flag": "true", "needed": "x"})
    assert read == {"number": 2.5, "whole": 3, "text": "b", "flag": True, "needed": "x"}
    assert KIND.read({"flag": "off", "needed": "x"})["flag"] is False


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("number", "many", "must be a number, not 'many'"),
        ("number", True, "must be a number, not True"),
        ("number", float("nan"), "must be 0 to 10, not nan"),
        ("number", 11, "must be 0 to 10, not 11"),
        ("number", 10**400, "must be a number, not 1000"),
        ("number", float("-inf"), "must be 0 to 10"),
        ("whole", 1.5, "must be a whole number, not 1.5"),
        ("whole", "inf", "must be a whole number, not 'inf'"),
        ("whole", 0, "must be at least 1, not 0"),
        ("text", "c", "must be one of a, b, not 'c'"),
        ("text", "", "must be a text, not ''"),
        ("text", 5, "must be a text, not 5"),
        ("flag", "perhaps", "must be true or false, not 'perhaps'"),
        ("flag", 1, "must be true or false, not 1"),
        ("needed", None, "must be a text, not None"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, value: object, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        KIND.read({"needed": "x", name: value})
    assert str(refused.value).startswith(f"sample, {name}: {says}")


def test_unknown_and_missing_parameters_are_named_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="has no parameter `speed`; there are: number, whole, text, flag, needed"):
        KIND.read({"needed": "x", "speed": 1})
    with pytest.raises(BadInput, match="needs needed; give needed: it must be given"):
        KIND.read({})


@pytest.mark.parametrize("given", ["number=1", ["number"], 3, True, None])
def test_what_is_no_table_of_names_is_refused(given: object) -> None:
    with pytest.raises(BadInput) as refused:
        KIND.read(given)
    told = f"sample: its parameters are {given!r}, not names with values; there are: number, whole, text, flag, needed"
    assert str(refused.value) == told


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_default_of_a_known_kind_can_be_given(kind: Kind) -> None:
    assert kind.sentence
    for parameter in kind.parameters:
        if parameter.default is not None:
            assert parameter.read(parameter.default) == parameter.default
        assert parameter.sentence


def test_a_kill_is_momentary_unless_it_keeps_the_process_down() -> None:
    kill = KINDS["kill"]
    assert kill.is_momentary(kill.read({}))
    assert not kill.is_momentary(kill.read({"comes_back": "false"}))
    assert not KINDS["pause"].is_momentary({})
