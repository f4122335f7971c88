"""`chaos-aura`: finds the command, and turns every error into one line and an exit code.

Commands are imported only when they are called: help must not wait for what it does not need.
"""

import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from chaos_aura.cli.failure import report_crash, report_error, told_by_system
from chaos_aura.cli.output import drop, say_aside
from chaos_aura.core.errors import ChaosAuraError

# A command's module and function have its name; a `group` in it holds commands of its own. The sentence is the first
# line of its docstring.
COMMANDS = {
    "up": "Start what is not running, and wait until it does its work.",
    "status": "Tell how every service is.",
    "logs": "Show what a service wrote.",
    "address": "Tell where a service or an edge listens.",
    "trace": "Show what one request went through, and what each store holds of it.",
    "faults": "Show every kind of fault: on which targets, by which injector, and whether this machine can.",
    "inject": "Inject one fault by hand, prove it, hold it, heal it, prove it gone.",
    "leases": "Show the faults that are not healed yet.",
    "heal": "End faults now, and prove that they are gone.",
    "runs": "Show the runs that are kept here, newest first.",
    "result": "Tell again how a run ended.",
    "check": "Judge whether a history can be explained, or a run again.",
    "repair": "Write again what the stores of a run lack and Temporal still knows.",
    "events": "Judge, copy or tell the events that the platform wrote to Kafka.",
    "discover": "Describe somebody's running compose project, so that its services can be hurt.",
    "down": "End the stack.",
    "doctor": "Tell what this machine can and cannot do, and what is missing.",
}
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TYPERS_INTERRUPTED = 130  # its own number, whatever the signal was
_WHAT_IS_LEFT = {
    "up": "interrupted: nothing that this command started is left running",
    "down": "interrupted: run chaos-aura down again",
    "repair": "interrupted: what it has written stays; run it again, it finds what is still missing",
    "inject": "interrupted: what may be left of its fault ends by itself; see: chaos-aura leases",
}


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"chaos_aura.cli.{cmd_name}")
        if group := getattr(module, "group", None):
            return typer.main.get_command(group)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(getattr(module, cmd_name))
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(cls=_Commands, add_completion=False, rich_markup_mode=None)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - costs a quarter of what help may cost

        typer.echo(f"chaos-aura {version('chaos-aura')}")
        raise typer.Exit


@app.callback()
def chaos_aura(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Does a system survive its own parts failing?

    Everything of a stack lies in .chaos-aura/ beside the project around the current folder; $CHAOS_AURA_PROJECT names
    another project. What is fetched lies in $CHAOS_AURA_CACHE, by default in the user's cache folder.
    """


def main() -> None:
    interruption = _Interruption()
    for number in (signal.SIGTERM, signal.SIGHUP):  # Python has its own for SIGINT, which asyncio looks for
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, interruption)
    sys.exit(_run(interruption))


class _Interruption:
    """Remembers a signal that is no Ctrl-C: typer keeps only that there was one."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, number: int, _: object) -> None:
        self.number = number
        raise KeyboardInterrupt


def _run(interruption: _Interruption) -> int:
    try:
        _watch_over_what_is_left()
        code = int(app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0)
        _listen_no_more()
    except (KeyboardInterrupt, typer.Abort):
        code = _TYPERS_INTERRUPTED
    except Exception as failure:  # noqa: BLE001 - the border: a person sees a line
        _listen_no_more()
        return _told(failure)
    is_over = interruption.number != 0  # even where a command takes a Ctrl-C for its proper end
    return _interrupted(interruption.number) if is_over or code == _TYPERS_INTERRUPTED else code


def _watch_over_what_is_left() -> None:
    """Any command puts right that a controller and its reaper were killed together."""
    if not _command() or "--help" in sys.argv:
        return
    with suppress(ChaosAuraError, OSError):  # the command itself will say what is wrong with the project
        from chaos_aura.cli.watching import watch  # noqa: PLC0415 - help does without

        watch()


def _told(failure: Exception) -> int:
    match failure:
        case ChaosAuraError():
            report_error(failure)
            return failure.exit_code
        case typer.TyperException():
            see = " ".join(("chaos-aura", *_command(), "--help"))
            say_aside(f"error: {failure.format_message()} (see: {see})", fg=typer.colors.RED)
            return failure.exit_code
        case OSError():
            is_lost = failure.filename is None and _is_output_lost()
            if is_lost and isinstance(failure, BrokenPipeError):  # whoever read us has gone, which is no error
                return 0
            report_error(told_by_system(failure, is_lost))
            return 1
        case _:
            report_crash(failure)
            return 70


def _command() -> tuple[str, ...]:
    """The one that was called, if it is one."""
    return tuple(word for word in sys.argv[1:2] if word in COMMANDS)


def _interrupted(number: int) -> int:
    _listen_no_more()
    say_aside(_WHAT_IS_LEFT.get("".join(_command()), "interrupted"))
    return 128 + (number or signal.SIGINT)


def _listen_no_more() -> None:
    """A signal now could only spoil the last words, or the exit code: Python takes its own handlers away as it ends."""
    for one in _INTERRUPTIONS:
        signal.signal(one, signal.SIG_IGN)


def _is_output_lost() -> bool:
    """Only another try can tell: a failed write names no file, and what it could not write is forgotten."""
    try:
        print(flush=True)  # noqa: T201 - as a command would
    except OSError:
        drop(sys.stdout)
        return True
    return False


if __name__ == "__main__":
    main()
