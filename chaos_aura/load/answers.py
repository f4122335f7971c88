"""What an answer of the API means: it happened, it certainly did not, or nobody knows.

| answer | asking | giving back |
|---|---|---|
| 200, 201 | ok | ok |
| 202 | begun, not decided: it is looked at again | |
| 409 | certainly refused, also for whoever asked before | it holds nothing: ok when an earlier try may have done it |
| 503 overloaded; any 4xx; never sent | this try certainly did nothing | the same |
| every other 503, 500, no answer | nobody knows: Temporal may have been told | the same |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos_aura.core.operation import Outcome

_OK, _CREATED, _ACCEPTED, _CONFLICT = 200, 201, 202, 409
_CLIENTS_FAULT, _SERVERS_FAULT = 400, 500
_OVERLOADED = "overloaded"
_ALREADY = "already_released"
UNREACHABLE, TIMEOUT, RESET, GARBLED, UNDECIDED = "unreachable", "timeout", "reset", "garbled", "undecided"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Status 0: nothing did, for the reason `why`; then it matters whether anything had been sent."""

    status: int
    document: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    was_sent: bool = True

    @property
    def reason(self) -> str:
        error = self.document.get("error")
        told = error.get("reason") if isinstance(error, Mapping) else None
        return self.why or str(told or f"status {self.status}")


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_final`: nothing more has to be asked, whatever became of earlier tries. No outcome: it is not decided yet."""

    outcome: Outcome | None
    said: Mapping[str, Any]
    is_final: bool = False

    @property
    def why(self) -> str:
        return str(self.said.get("why", ""))

    @property
    def holds_nothing(self) -> bool:
        """Of giving back: it has been, or the platform says that there is nothing to give back."""
        return self.outcome is Outcome.OK or self.said.get("status") == _CONFLICT


_PENDING = Answer(None, {})


def of_allocate(reply: Reply) -> Answer:
    if reply.status == _ACCEPTED:
        return _PENDING
    if reply.status in (_OK, _CREATED):
        return _granted(reply)
    if reply.status == _CONFLICT:
        return _failed(reply, is_final=True)
    return _unanswered(reply)


def of_look(reply: Reply) -> Answer:
    """At one that was not decided when it was asked for. What is no answer leaves it undecided."""
    state = reply.document.get("state") if reply.status == _OK else None
    if state in ("granted", "released"):
        return _granted(reply)
    if state == "refused":
        decision = reply.document.get("decision")
        why = str(decision.get("reason")) if isinstance(decision, Mapping) else "refused"
        return Answer(Outcome.FAIL, {"why": why, "status": reply.status}, is_final=True)
    return _PENDING


def of_release(reply: Reply, *, may_have_been: bool) -> Answer:
    """`may_have_been`: nobody knows what became of an earlier try."""
    if reply.status == _OK:
        return Answer(Outcome.OK, {"status": reply.status}, is_final=True)
    if reply.status == _CONFLICT and reply.reason == _ALREADY and may_have_been:
        return Answer(Outcome.OK, {"status": reply.status, "why": _ALREADY}, is_final=True)
    if reply.status == _CONFLICT or (_CLIENTS_FAULT <= reply.status < _SERVERS_FAULT and reply.reason != _OVERLOADED):
        return _failed(reply, is_final=True)
    return _unanswered(reply)


def of_canary(reply: Reply) -> Answer:
    """Asking how it is changes nothing, so not answered is not answered."""
    if reply.status == _OK:
        return Answer(Outcome.OK, {"status": _OK}, is_final=True)
    return _failed(reply, is_final=True)


def _granted(reply: Reply) -> Answer:
    grant = reply.document.get("grant")
    gpu_ids = grant.get("gpu_ids") if isinstance(grant, Mapping) else None
    if not isinstance(gpu_ids, list) or not gpu_ids:
        return Answer(Outcome.INFO, {"why": GARBLED, "status": reply.status})
    return Answer(Outcome.OK, {"gpu_ids": gpu_ids, "status": reply.status}, is_final=True)


def _unanswered(reply: Reply) -> Answer:
    did_nothing = _CLIENTS_FAULT <= reply.status < _SERVERS_FAULT or reply.reason == _OVERLOADED or not reply.was_sent
    return _failed(reply, is_final=False) if did_nothing else Answer(Outcome.INFO, _said(reply))


def _failed(reply: Reply, *, is_final: bool) -> Answer:
    return Answer(Outcome.FAIL, _said(reply), is_final)


def _said(reply: Reply) -> dict[str, Any]:
    return {"why": reply.reason, **({"status": reply.status} if reply.status else {})}
