import json
from pathlib import Path
from typing import Any

import pytest

from chaos_aura.run.signs import Sign, signs

_OPEN = {"process": "worker", "kind": "breaker_changed", "mono_ns": 20, "dependency": "neo4j", "after": "open"}


def told(home: Path, *events: Any, name: str = "worker") -> tuple[Sign, ...]:
    (home / "events").mkdir(exist_ok=True)
    lines = [each if isinstance(each, str) else json.dumps(each) for each in events]
    (home / "events" / f"{name}.ndjson").write_text("\n".join(lines))
    return signs(home, 10, 100)


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({}, Sign(20, "worker", "breaker of neo4j open", is_trouble=True)),
        ({"after": "closed"}, Sign(20, "worker", "breaker of neo4j closed", is_trouble=False)),
        ({"after": "half-open"}, Sign(20, "worker", "breaker of neo4j half-open", is_trouble=False)),
        ({"changed_mono_ns": 15}, Sign(15, "worker", "breaker of neo4j open", is_trouble=True)),
        (
            {"kind": "readiness_changed", "status": "degraded", "is_ready": True, "why": "no neo4j"},
            Sign(20, "worker", "degraded: no neo4j", is_trouble=True),
        ),
        ({"kind": "readiness_changed", "is_ready": False}, Sign(20, "worker", "away", is_trouble=True)),
        ({"kind": "readiness_changed", "is_ready": True}, Sign(20, "worker", "ready", is_trouble=False)),
    ],
)
def test_what_the_platform_says_is_read(tmp_path: Path, changes: dict[str, Any], sign: Sign) -> None:
    assert told(tmp_path, {**_OPEN, **changes}) == (sign,)


@pytest.mark.parametrize(
    "line", ['{"process": "wor', "[]", "null", '{"process": "worker"}', '{"kind": "new", "process": "x"}']
)
def test_a_line_that_means_nothing_says_nothing_and_hides_no_other(tmp_path: Path, line: str) -> None:
    assert len(told(tmp_path, line, _OPEN, line)) == 1


def test_only_what_was_said_meanwhile_counts_in_order_whoever_said_it(tmp_path: Path) -> None:
    told(tmp_path, *({**_OPEN, "mono_ns": at_ns} for at_ns in (9, 100, 30)), name="worker")
    found = told(tmp_path, *({**_OPEN, "process": "api", "mono_ns": at_ns} for at_ns in (101, 10, 40)), name="api")
    assert [(each.at_ns, each.by) for each in found] == [(10, "api"), (30, "worker"), (40, "api"), (100, "worker")]


def test_where_nobody_says_anything_there_are_none(tmp_path: Path) -> None:
    assert signs(tmp_path, 0, 100) == ()
