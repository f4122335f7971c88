"""Running a program inside a container: with its files, its network, its user unless told otherwise."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import NotAnswered, TargetUnfit

if TYPE_CHECKING:
    from docker import APIClient

_NOT_FOUND = (126, 127)
_OF_THE_ENGINE = "OCI runtime"
_NO_PROGRAM = ("executable file not found", "no such file or directory", "not found")


class NoSuchTool(TargetUnfit):
    """A program that is needed inside is not there."""


@dataclass(frozen=True, slots=True)
class Done:
    """Output and errors together."""

    code: int
    said: str

    @property
    def last_line(self) -> str:
        lines = self.said.strip().splitlines()
        return lines[-1] if lines else f"exit {self.code}"


def run_inside(
    engine: Engine, container: Container, argv: Sequence[str], *, user: str = "", within_s: float = 0
) -> Done:
    """Waits until it has ended, for as long as the engine may take for an answer unless told otherwise.

    NoSuchTool when the program is not in the container; NotAnswered when it does not end, as where all was frozen.
    """
    within_s = within_s or engine.within_s
    api = engine.api
    with engine.talking(container.name):
        began = api.exec_create(container.id, list(argv), user=user)
    try:
        with engine.talking(container.name):
            said = _heard(api, began["Id"], within_s).decode(errors="replace")
            code = int(api.exec_inspect(began["Id"])["ExitCode"] or 0)
    except Empty:
        why = f"`{argv[0]}` inside did not end within {within_s:g} s"
        raise NotAnswered(container.name, why, f"look at it: docker top {container.name}") from None
    except TargetUnfit as cause:
        if any(sign in cause.why for sign in _NO_PROGRAM):
            raise _without(argv[0], container) from cause
        raise
    # What a script inside does not find is its own affair, and told in the shell's words.
    if code in _NOT_FOUND and _OF_THE_ENGINE in said and any(sign in said for sign in _NO_PROGRAM):
        raise _without(argv[0], container)
    return Done(code, said)


def _heard(api: "APIClient", began: str, within_s: float) -> bytes:
    """All that it says. Empty when it runs on.

    Docker's client knows no limit here, so it waits in a thread of its own, which ends with the program.
    """
    heard: SimpleQueue[bytes | Exception] = SimpleQueue()

    def hear() -> None:
        try:
            heard.put(api.exec_start(began))
        except Exception as cause:  # noqa: BLE001 - raised where somebody waits for it
            heard.put(cause)

    threading.Thread(target=hear, daemon=True).start()
    said = heard.get(timeout=within_s)
    if isinstance(said, Exception):
        raise said
    return said


def begin_inside(engine: Engine, container: Container, argv: Sequence[str], *, user: str = "") -> None:
    """Waits for nothing."""
    with engine.talking(container.name):
        began = engine.api.exec_create(container.id, list(argv), user=user)
        engine.api.exec_start(began["Id"], detach=True)


def user_able_to(engine: Engine, container: Container, check: str) -> str | None:
    """Who can do what this shell's test tries: "" is its own user, "0" is root, None is neither.

    A root that was given no rights can do less than the user whose files these are. NoSuchTool when there is no `sh`.
    """
    for user in ("", "0"):
        if run_inside(engine, container, ("sh", "-c", check), user=user).code == 0:
            return user
    return None


def _without(tool: str, container: Container) -> NoSuchTool:
    return NoSuchTool(container.name, f"has no `{tool}` inside", "add it to the image, or choose another fault")
