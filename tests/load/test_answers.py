"""What each answer of the API means."""

from typing import Any

import pytest

from chaos_aura.core.operation import Outcome
from chaos_aura.load.answers import Answer, Reply, of_allocate, of_canary, of_look, of_release

OK, FAIL, INFO = Outcome.OK, Outcome.FAIL, Outcome.INFO
GRANTED = {"state": "granted", "grant": {"gpu_ids": ["t4-0"]}}


def error(status: int, reason: str) -> Reply:
    return Reply(status, {"error": {"reason": reason, "message": "..."}})


@pytest.mark.parametrize(
    ("reply", "outcome", "why", "is_final"),
    [
        (Reply(201, GRANTED), OK, "", True),
        (Reply(200, GRANTED), OK, "", True),
        (Reply(202, {"state": "pending"}), None, "", False),
        (error(409, "no_capacity"), FAIL, "no_capacity", True),
        (error(409, "over_budget"), FAIL, "over_budget", True),
        (error(409, "council_said_no"), FAIL, "council_said_no", True),
        (error(503, "overloaded"), FAIL, "overloaded", False),
        # A start may have reached Temporal although nobody heard of it.
        (error(503, "temporal_away"), INFO, "temporal_away", False),
        (error(503, "nobody_answers"), INFO, "nobody_answers", False),
        (error(503, "ending"), INFO, "ending", False),
        (error(500, "internal"), INFO, "internal", False),
        (error(422, "malformed"), FAIL, "malformed", False),
        (error(408, "too_slow"), FAIL, "too_slow", False),
        (Reply(503), INFO, "status 503", False),
        (Reply(502, {"error": "bad gateway"}), INFO, "status 502", False),
        (Reply(0, why="timeout"), INFO, "timeout", False),
        (Reply(0, why="reset"), INFO, "reset", False),
        (Reply(0, why="unreachable", was_sent=False), FAIL, "unreachable", False),
        (Reply(0, why="timeout", was_sent=False), FAIL, "timeout", False),
        (Reply(201, {"state": "granted", "grant": None}), INFO, "garbled", False),
        (Reply(201, {"state": "granted", "grant": {"gpu_ids": []}}), INFO, "garbled", False),
        (Reply(201), INFO, "garbled", False),
    ],
)
def test_asking(reply: Reply, outcome: Outcome | None, why: str, is_final: bool) -> None:
    answer = of_allocate(reply)
    assert (answer.outcome, answer.why, answer.is_final) == (outcome, why, is_final)


def test_a_grant_tells_its_gpus() -> None:
    assert of_allocate(Reply(201, GRANTED)).said == {"gpu_ids": ["t4-0"], "status": 201}


@pytest.mark.parametrize(
    ("reply", "may_have_been", "outcome", "is_final"),
    [
        (Reply(200, {"state": "released"}), False, OK, True),
        (error(409, "already_released"), False, FAIL, True),
        (error(409, "already_released"), True, OK, True),
        (error(409, "was_refused"), True, FAIL, True),
        (error(403, "not_yours"), True, FAIL, True),
        (error(404, "not_found"), True, FAIL, True),
        (error(503, "overloaded"), False, FAIL, False),
        (error(503, "temporal_away"), False, INFO, False),
        (error(503, "nobody_answers"), False, INFO, False),
        (error(503, "neo4j_away"), False, INFO, False),
        (Reply(0, why="timeout"), False, INFO, False),
        (Reply(0, why="unreachable", was_sent=False), False, FAIL, False),
    ],
)
def test_giving_back(reply: Reply, may_have_been: bool, outcome: Outcome, is_final: bool) -> None:
    answer = of_release(reply, may_have_been=may_have_been)
    assert (answer.outcome, answer.is_final) == (outcome, is_final)


@pytest.mark.parametrize(
    ("reply", "holds_nothing"),
    [
        (Reply(200), True),
        (error(409, "already_released"), True),
        (error(404, "not_found"), False),
        (error(503, "overloaded"), False),
    ],
)
def test_what_holds_nothing_after_it_was_given_back(reply: Reply, holds_nothing: bool) -> None:
    assert of_release(reply, may_have_been=False).holds_nothing is holds_nothing


@pytest.mark.parametrize(
    ("document", "status", "answer"),
    [
        (GRANTED, 200, Answer(OK, {"gpu_ids": ["t4-0"], "status": 200}, True)),
        ({**GRANTED, "state": "released"}, 200, Answer(OK, {"gpu_ids": ["t4-0"], "status": 200}, True)),
        (
            {"state": "refused", "decision": {"reason": "no_capacity"}},
            200,
            Answer(FAIL, {"why": "no_capacity", "status": 200}, True),
        ),
        ({"state": "pending"}, 200, Answer(None, {})),
        ({"error": {"reason": "not_found"}}, 404, Answer(None, {})),
        ({}, 503, Answer(None, {})),
    ],
)
def test_looking_again(document: dict[str, Any], status: int, answer: Answer) -> None:
    assert of_look(Reply(status, document)) == answer


@pytest.mark.parametrize(
    ("reply", "outcome", "why"),
    [
        (Reply(200, {"status": "degraded"}), OK, ""),
        (Reply(503, {"status": "away"}), FAIL, "status 503"),
        (Reply(0, why="timeout"), FAIL, "timeout"),
    ],
)
def test_a_canary(reply: Reply, outcome: Outcome, why: str) -> None:
    assert (of_canary(reply).outcome, of_canary(reply).why) == (outcome, why)
