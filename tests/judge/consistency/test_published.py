"""Histories that others have published, and classical ones: published/README.md tells where each is from."""

import json
from pathlib import Path
from typing import Any

import pytest

from chaos_aura.judge.consistency.check import check
from chaos_aura.judge.consistency.jepsen import read_ops
from chaos_aura.judge.consistency.models import MODELS
from chaos_aura.judge.consistency.verdict import Validity

_FOLDER = Path(__file__).parent / "published"
_KNOWN = json.loads((_FOLDER / "index.json").read_text(encoding="utf-8"))
_LONG_ENOUGH_S = 150.0


@pytest.mark.parametrize("known", _KNOWN, ids=[each["file"].removesuffix(".jsonl") for each in _KNOWN])
def test_a_published_history_is_judged_as_published(known: dict[str, Any]) -> None:
    lines = (_FOLDER / known["file"]).read_bytes().splitlines()
    found = check(read_ops(lines, known["file"]).ops, MODELS[known["model"]](), time_limit_s=_LONG_ENOUGH_S)
    assert found.validity is (Validity.VALID if known["valid"] else Validity.INVALID)
    for part in found.parts:
        assert (part.finding is not None) == (part.validity is Validity.INVALID)


def test_each_of_them_is_in_the_index() -> None:
    assert sorted(path.name for path in _FOLDER.glob("*.jsonl")) == [each["file"] for each in _KNOWN]
