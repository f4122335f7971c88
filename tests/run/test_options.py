from dataclasses import fields
from typing import Any

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.run.options import Options

_PROBE = {"name": "room", "provider": {"type": "python"}, "tolerance": True}
GOOD: dict[str, Any] = {
    "budget_s": 5,
    "limit_s": 0,
    "wait_s": 2.5,
    "seed": 7,
    "services": ["redis"],
    "least_disk_mb": 0,
    "least_memory_mb": 12.5,
    "bystanders": ["temporal"],
    "safeguards": [_PROBE],
}


def test_all_that_can_be_told_is_read() -> None:
    assert set(GOOD) == {each.name for each in fields(Options)}
    assert Options.of(GOOD) == Options(5.0, 0.0, 2.5, 7, ("redis",), 0.0, 12.5, ("temporal",), (_PROBE,))
    assert Options.of({}) == Options()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("budget_s", "30"),
        ("budget_s", True),
        ("budget_s", -1),
        ("budget_s", float("nan")),
        ("limit_s", float("inf")),
        ("wait_s", None),
        ("seed", 1.5),
        ("seed", True),
        ("services", "redis"),
        ("services", [1]),
        ("least_disk_mb", float("inf")),
        ("least_memory_mb", False),
        ("bystanders", {"temporal": 1}),
        ("safeguards", [{"name": "room", "tolerance": True}]),
        ("safeguards", {}),
    ],
)
def test_what_means_nothing_is_named(name: str, value: Any) -> None:
    with pytest.raises(BadInput, match=f"control chaos-aura, {name}"):
        Options.of({**GOOD, name: value})


def test_what_is_misspelt_would_not_hold() -> None:
    with pytest.raises(BadInput, match="has no argument `budget`; there are: budget_s, limit_s"):
        Options.of({"budget": 30})
