"""How many GPUs there are, as a person says it."""

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.platform.model import GpuType
from chaos_aura.stack.inventory import GPU_TYPES, VARIABLE, inventory_in


@pytest.mark.parametrize(
    ("said", "inventory"),
    [
        ("t4=20,v100=10", {"t4": 20, "v100": 10}),
        (" h100 = 1 , a100=0", {"h100": 1, "a100": 0}),
        ("t4=1000000", {"t4": 1_000_000}),
        ("t4=007", {"t4": 7}),
        ("", {}),
        ("  ", {}),
    ],
)
def test_what_is_said_is_meant(said: str, inventory: dict[str, int]) -> None:
    assert inventory_in({VARIABLE: said}) == inventory


def test_nothing_said_is_nothing() -> None:
    assert inventory_in({}) == {}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("t4", "'t4' is not TYPE=NUMBER"),
        ("t4=1,", "'' is not TYPE=NUMBER"),
        ("many", "'many' is not TYPE=NUMBER"),
        ("rtx=1", "knows no GPU type 'rtx'"),
        ("=1", "knows no GPU type ''"),
        ("T4=1", "knows no GPU type 'T4'"),
        ("t4=1,t4=2", "names t4 twice"),
        ("t4=0,v100=0", "leaves the platform without a GPU"),
        *((f"t4={bad}", f"t4 is {bad!r}, not a whole number") for bad in ("", "-1", "1.5", "1e3", "٣", "0x10", "1=2")),
        ("t4=1000001", "t4 is '1000001', not a whole number up to 1000000"),
        ("t4=" + "9" * 10_000, "not a whole number up to 1000000"),
    ],
)
def test_nonsense_is_one_line_that_says_what_would_do(said: str, why: str) -> None:
    with pytest.raises(BadInput) as refused:
        inventory_in({VARIABLE: said})
    assert str(refused.value).startswith(f"{VARIABLE}: ")
    assert why in refused.value.why
    assert "t4=20,v100=10" in refused.value.remedy


def test_the_types_are_those_of_the_platform() -> None:
    assert set(GPU_TYPES) == set(GpuType)
