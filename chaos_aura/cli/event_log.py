"""Events on Kafka: asked of a process of the probes, which imports what reads them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

import typer

from chaos_aura.cli.failure import report_error
from chaos_aura.cli.output import say_aside
from chaos_aura.core.errors import BadInput, ChaosAuraError, StackDown
from chaos_aura.core.project import Project
from chaos_aura.stack.external.refusing import refuse_what_only_ours_have
from chaos_aura.stack.running import RunningStack

TOPIC = "allocation.events"
CANNOT_BE_ASKED = 2
_KAFKA = "kafka"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")
_LOOK = "look at: chaos-aura status"
_LATER_S = 45.0  # than its own limit: a stop of last resort, when Kafka has its client wait for ever
_TELLS_WITHIN_S = 30.0  # how far it came, after a Ctrl-C

type Answer = dict[str, Any]


def kafka_of(project: Project) -> str:
    """Its own address: a fault on an edge does not blind whoever looks. StackDown when it was not started."""
    refuse_what_only_ours_have("events", project, os.environ)
    stack = RunningStack.of(project)
    address = stack.catalogue.service(_KAFKA).uri
    child = stack.keeper.children().get(_KAFKA)
    if child is None or child.process is None:
        raise StackDown(_KAFKA, "is not running", "run: chaos-aura up kafka")
    return address


def ask(question: Mapping[str, Any], within_s: float, interrupted: Callable[[Answer], None] | None = None) -> Answer:
    """`interrupted`, when there is one, is told how far it came, where somebody does not want to wait any more."""
    with _child(within_s + _LATER_S) as child:
        try:
            _put(child, question)
            return _answer(child)
        except KeyboardInterrupt:
            if interrupted:
                with suppress(ChaosAuraError, OSError):
                    interrupted(_stopped(child))
            raise


def named(topic: str, where: str = "") -> str:
    """The topic. BadInput when none can be called so; `where`: as it was typed."""
    if not _NAME.fullmatch(topic) or topic in (".", ".."):
        remedy = "use letters, digits, dots, dashes, underscores"
        raise BadInput(where or topic or "--topic", "is no name of a topic", remedy)
    return topic


@contextmanager
def failures_told() -> Iterator[None]:
    """1 is for what is wrong with the events: whatever keeps them from being read ends with 2."""
    try:
        yield
    except ChaosAuraError as failure:
        report_error(failure)
        raise typer.Exit(CANNOT_BE_ASKED) from failure


@contextmanager
def _child(within_s: float) -> Iterator["subprocess.Popen[bytes]"]:
    """Out of reach of the terminal's Ctrl-C: it is told by the end of its standard input. Gone afterwards."""
    command = [sys.executable, "-P", "-m", "probes.event_log"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as child:
        last_resort = Timer(within_s, child.kill)
        last_resort.start()
        try:
            yield child
        finally:
            last_resort.cancel()
            child.kill()


def _put(child: "subprocess.Popen[bytes]", question: Mapping[str, Any]) -> None:
    assert child.stdin
    with suppress(BrokenPipeError):  # why it has ended already, it tells on standard error
        os.write(child.stdin.fileno(), json.dumps(question).encode() + b"\n")


def _stopped(child: "subprocess.Popen[bytes]") -> Answer:
    assert child.stdin
    child.stdin.close()
    hurry = Timer(_TELLS_WITHIN_S, child.kill)
    hurry.start()
    try:
        return _answer(child)
    finally:
        hurry.cancel()


def _answer(child: "subprocess.Popen[bytes]") -> Answer:
    assert child.stdout
    with _Progress() as progress:
        for line in child.stdout:
            told = json.loads(line) if line.endswith(b"\n") else {}  # it was killed in the middle of it
            if "progress" in told:
                progress.show(told["progress"]["read"], told["progress"]["of"])
            elif "answer" in told:
                return dict(told["answer"])
            elif "error" in told:
                raise _error(**told["error"])
    raise ChaosAuraError("events", f"no answer came: {_last_words(child)}", _LOOK)


def _error(*, where: str, why: str, remedy: str, is_bad_input: bool) -> ChaosAuraError:
    kind = BadInput if is_bad_input else ChaosAuraError
    return kind(where, why, remedy or _LOOK)


def _last_words(child: "subprocess.Popen[bytes]") -> str:
    assert child.stderr
    said = child.stderr.read().decode("utf-8", "replace").strip().splitlines()
    if child.wait() < 0:
        return "Kafka kept its client waiting for too long"
    return said[-1] if said else f"its process ended with {child.returncode}"


class _Progress:
    """For a person at a terminal, a line that is taken away again."""

    def __init__(self) -> None:
        self._is_seen = sys.stderr.isatty()
        self._shown = ""

    def __enter__(self) -> "_Progress":
        return self

    def show(self, read: int, of: int) -> None:
        if self._is_seen:
            self._shown = f"{read:,} of {of:,} records"
            say_aside(f"\r{self._shown}", nl=False)

    def __exit__(self, *_: object) -> None:
        if self._shown:
            say_aside(f"\r{' ' * len(self._shown)}\r", nl=False)
