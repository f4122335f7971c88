"""What the repairing process may be asked."""

import json
import socket
import subprocess
import sys
from typing import Any

import pytest

from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.repair.question import Question, read_question

_WITHIN_S = 120
_ASKED = {"tag": "run1", "temporal": "127.0.0.1:1", "neo4j": "bolt://127.0.0.1:2", "kafka": "127.0.0.1:3"}


def ask(question: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "chaos_aura.platform.repair"]
    return subprocess.run(
        command, input=json.dumps(question), capture_output=True, text=True, timeout=_WITHIN_S, check=False
    )


def test_what_is_not_told_is_read_only_and_of_all() -> None:
    question = read_question(json.dumps(_ASKED))
    assert question == Question(**_ASKED)
    assert (question.apply, question.only, question.since_ms) == (False, (), 0)


def test_all_may_be_told() -> None:
    question = read_question(json.dumps({**_ASKED, "only": ["run1-2"], "since_ms": 7, "apply": True}))
    assert (question.apply, question.only, question.since_ms) == (True, ("run1-2",), 7)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"tag": ""}, "`tag` must be a text"),
        ({"tag": 'a" OR WorkflowId > "'}, "`tag` is no tag"),
        ({"kafka": ""}, "`kafka` must be a text"),
        ({"neo4j": 5}, "`neo4j` must be a text, not 5"),
        ({"mongo": "x"}, "cannot be read"),
        ({"only": ["other-1"]}, "`only` names 'other-1', which does not begin with run1"),
        ({"only": "run1-1"}, "`only` names 'r'"),
        ({"only": [5]}, "`only` names 5"),
        ({"since_ms": -1}, "`since_ms` must be a time"),
        ({"since_ms": True}, "`since_ms` must be a time"),
        ({"apply": "yes"}, "`apply` must be true or false"),
    ],
)
def test_a_bad_question_is_told(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        read_question(json.dumps({**_ASKED, **changed}))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}"])
def test_what_is_no_question_is_told(text: str) -> None:
    with pytest.raises(BadSettings, match="cannot be read"):
        read_question(text)


def test_a_bad_question_ends_the_process_with_one_line() -> None:
    done = ask({**_ASKED, "tag": ""})
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "question: `tag` must be a text, not ''\n")


def test_stores_that_refuse_are_away_and_nothing_is_known_to_be_missing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        shut = f"127.0.0.1:{closed.getsockname()[1]}"
        done = ask({**_ASKED, "temporal": shut, "neo4j": f"bolt://{shut}", "kafka": shut, "apply": True})
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["schema"], answer["looked_at"], answer["items"]) == (1, None, [])
    assert [(left["store"], left["fate"], left["why"] != "") for left in answer["left"]] == [
        ("temporal", "unknown", True)
    ]
