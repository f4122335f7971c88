"""Running a program inside a container: with its files, its network, its user unless told otherwise."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.patience import StillUnanswered, within
from chaos_aura.core.errors import NotAnswered, TargetUnfit

_NOT_FOUND = (126, 127)
_OF_THE_ENGINE = "OCI runtime"
_HEADER, _SIZE_AT = 8, 4  # of each frame: which stream it is of, and in four bytes how long it is
_LOOK_EVERY_S = 0.02
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
            said = within(within_s, lambda: _heard(engine, began["Id"])).decode(errors="replace")
            code = _code(engine, began["Id"])
    except StillUnanswered:
        why = f"`{argv[0]}` inside did not end within {within_s:g} s"
        raise NotAnswered(container.name, why, f"look at it: docker top {container.name}") from None
    except TargetUnfit as cause:
        if any(sign in cause.why for sign in _NO_PROGRAM):
            raise _without(argv[0], container) from cause
        raise
    if code is None:
        raise NotAnswered(container.name, f"nobody knows how `{argv[0]}` inside ended", "try again")
    # What a script inside does not find is its own affair, and told in the shell's words.
    if code in _NOT_FOUND and _OF_THE_ENGINE in said and any(sign in said for sign in _NO_PROGRAM):
        raise _without(argv[0], container)
    return Done(code, said)


def _heard(engine: Engine, began: str) -> bytes:
    return b"".join(_frames(engine.heard(f"exec/{began}/start", {"Tty": False, "Detach": False})))


def _code(engine: Engine, began: str) -> int | None:
    """A busy engine may learn of its end a moment after its last word. None: it never did."""
    deadline_s = time.monotonic() + engine.within_s
    while (code := engine.api.exec_inspect(began)["ExitCode"]) is None and time.monotonic() < deadline_s:
        time.sleep(_LOOK_EVERY_S)
    return None if code is None else int(code)


def _frames(answer: bytes) -> Iterator[bytes]:
    at = 0
    while at + _HEADER <= len(answer):
        begins = at + _HEADER
        at = begins + int.from_bytes(answer[at + _SIZE_AT : begins])
        yield answer[begins:at]


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
