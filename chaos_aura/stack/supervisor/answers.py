"""What can be asked of a supervisor, and what it answers."""

import json
import os
from collections.abc import Callable
from typing import Any

from chaos_aura.core.errors import BadInput, ChaosAuraError
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.supervisor.children import Children
from chaos_aura.stack.supervisor.conversation import Answer
from chaos_aura.stack.supervisor.program import Program, check_grace
from chaos_aura.stack.supervisor.saying import say
from chaos_aura.supervision.state import SCHEMA

Request = dict[str, Any]


class Answers:
    def __init__(self, children: Children) -> None:
        self._children = children
        self._signature: Answer = {"pid": os.getpid(), "process": str(ProcessId.of(os.getpid()))}
        self._verbs: dict[str, Callable[[Request], Answer]] = {
            "status": self._status,
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "run_job": self._run_job,
            "shutdown": self._shutdown,
        }

    def answer(self, line: bytes) -> Answer:
        """Never raises: a bad request is the asker's trouble, not the children's."""
        try:
            request = json.loads(line)
            verb = self._verbs.get(str(request["do"]))
            if verb is None:
                raise BadInput("supervisor", f"cannot do {request['do']!r}", f"ask for: {', '.join(self._verbs)}")
            return {"ok": True, **verb(request)}
        except ChaosAuraError as refused:
            return {"ok": False, "where": refused.where, "why": refused.why, "remedy": refused.remedy}
        except Exception as cause:  # noqa: BLE001 - the border: whatever a request does, the services live on
            say(f"supervisor: request not understood: {cause!r}")
            why = f"request not understood: {cause!r}"
            return {"ok": False, "where": "supervisor", "why": why, "remedy": f"ask for: {', '.join(self._verbs)}"}

    def _status(self, _: Request) -> Answer:
        children = [status.to_dict() for status in self._children.statuses()]
        return {"schema": SCHEMA, **self._signature, "children": children}

    def _start(self, request: Request) -> Answer:
        self._refuse_when_ending()
        self._children.named(request["name"]).start()
        return {}

    def _stop(self, request: Request) -> Answer:
        self._children.named(request["name"]).stop(_grace_s(request))
        return {}

    def _restart(self, request: Request) -> Answer:
        self._refuse_when_ending()
        self._children.named(request["name"]).restart(_grace_s(request))
        return {}

    def _run_job(self, request: Request) -> Answer:
        self._refuse_when_ending()
        self._children.run_job(Program.from_dict(request["program"]))
        return {}

    def _shutdown(self, _: Request) -> Answer:
        """Its answer stays as it is in every version to come: any `down` must end any stack."""
        self._children.end()
        return self._signature

    def _refuse_when_ending(self) -> None:
        if self._children.are_ending:
            raise BadInput("supervisor", "is shutting down", "wait for it, then run: chaos-aura up")


def _grace_s(request: Request) -> float | None:
    grace_s = request.get("grace_s")
    if grace_s is None:
        return None
    check_grace(grace_s)
    return float(grace_s)
