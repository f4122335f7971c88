from pathlib import Path
from typing import Any

import orjson
import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.record.stores import Context, Past, Pool, Stores, read_stores

STORES = Stores(
    12,
    Pool({"t4": 4}, {"t4": 3}, {"tag-1": ("t4-0",)}),
    {"tag-t1": Context((Past("tag-1", 17, "approved"),)), "tag-t2": Context(damaged="no sorted set")},
    {"tag-t1": {"granted": 1}},
    {"redis": "nobody asks it"},
    ("kafka",),
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "stores.json"
    path.write_bytes(STORES.to_json())
    assert read_stores(path) == STORES


@pytest.mark.parametrize("key", ["schema", "at", "pool", "redis", "usage", "missing", "absent"])
def test_half_a_document_is_none(tmp_path: Path, key: str) -> None:
    document: dict[str, Any] = orjson.loads(STORES.to_json())
    del document[key]
    with pytest.raises(BadInput, match=key):
        Stores.of(document)


def test_one_of_another_schema_is_none() -> None:
    document: dict[str, Any] = orjson.loads(STORES.to_json()) | {"schema": 1}
    with pytest.raises(BadInput, match="schema 1, known is 2"):
        Stores.of(document)


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"stores\.json: cannot be read"):
        read_stores(tmp_path / "stores.json")


def test_what_is_away_or_absent_was_not_read() -> None:
    assert [STORES.is_read(store) for store in ("redis", "kafka", "pool")] == [False, False, True]
