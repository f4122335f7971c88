"""The process that asks the stores: one question in, one document out."""

import json
import socket
import subprocess
import sys
from typing import Any

import pytest

from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.trace.question import Question, read_question

_WITHIN_S = 60


def ask(question: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "chaos_aura.platform.trace"]
    text = question if isinstance(question, str) else json.dumps(question)
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=_WITHIN_S, check=False)


def answers(question: object) -> dict[str, Any]:
    done = ask(question)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    return dict(document["stores"])


def test_a_question_may_name_some_stores_only() -> None:
    assert read_question('{"request_id": "r-1", "redis": "redis://x"}') == Question("r-1", redis="redis://x")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"request_id": "r", "mongo": "x"}', "cannot be read"),
        ('{"redis": "redis://x"}', "cannot be read"),
        ('{"request_id": ""}', "`request_id` is empty"),
        ('{"request_id": "r", "redis": 5}', "`redis` must be a text, not 5"),
    ],
)
def test_a_bad_question_is_told(text: str, why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        read_question(text)


def test_a_bad_question_ends_the_process_with_one_line() -> None:
    done = ask('{"request_id": ""}')
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "question: `request_id` is empty\n")


def test_stores_without_an_address_are_not_asked() -> None:
    told = answers({"request_id": "r-1"})
    assert list(told) == ["temporal", "pool", "neo4j", "redis", "kafka"]
    assert all(store == {"state": "away", "why": "not part of this stack", "held": {}} for store in told.values())


def test_stores_that_refuse_or_are_silent_are_away_and_say_why() -> None:
    with socket.socket() as silent, socket.socket() as closed:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        closed.bind(("127.0.0.1", 0))
        mute = f"127.0.0.1:{silent.getsockname()[1]}"
        shut = f"127.0.0.1:{closed.getsockname()[1]}"
        told = answers(
            {
                "request_id": "r-1",
                "temporal": mute,
                "neo4j": f"bolt://{mute}",
                "redis": f"redis://{shut}",
                "kafka": shut,
            }
        )
    assert {name: (store["state"], store["held"]) for name, store in told.items()} == dict.fromkeys(told, ("away", {}))
    assert all(store["why"] and "\n" not in store["why"] for store in told.values())
    assert told["redis"]["why"] == "whoever could tell its tenant is away"
