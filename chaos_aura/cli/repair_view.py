"""A plan, or what became of it, as lines: by store, each thing in one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MOST_TOLD = 20
_STORES = ("neo4j", "kafka")


def lines_of(answer: Mapping[str, Any]) -> Iterator[str]:
    """Of {"looked_at", "items", "left"}."""
    items, left = answer["items"], answer["left"]
    if not items and not left:
        yield f"nothing is missing: {answer['looked_at']['temporal']:,} allocations compared"
    for store in _STORES:
        rows = [item for item in items if item["store"] == store]
        yield from _section(f"{store}: {_headline(rows)}", [_item(row) for row in rows])
    yield from _section(f"left as it is: {len(left):,}", [_left(row) for row in left])


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield title
    for line in lines[:_MOST_TOLD]:
        yield f"  {_plain(line)}"
    if len(lines) > _MOST_TOLD:
        yield f"  and {len(lines) - _MOST_TOLD:,} more (--json tells all)"


def _headline(rows: Sequence[Mapping[str, Any]]) -> str:
    if any(row["repaired"] is not None for row in rows):
        return f"{sum(row['repaired'] for row in rows):,} of {len(rows):,} repaired"
    return f"{len(rows):,} missing"


def _item(row: Mapping[str, Any]) -> str:
    said = f"{row['allocation']}  {row['missing']}: Temporal knows it as {row['state']}, {row['why']}"
    if row["repaired"] is None:
        return said
    return f"repaired  {said}" if row["repaired"] else f"NOT repaired  {said}; {row['why_not']}"


def _left(row: Mapping[str, Any]) -> str:
    return "  ".join(part for part in (row["allocation"], row["store"], f"{row['fate']}: {row['why']}") if part)


def _plain(text: str) -> str:
    """What an id or an error carries must not steer a terminal."""
    return "".join(each if each.isprintable() else " " for each in text)
