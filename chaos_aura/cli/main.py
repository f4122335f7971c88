"""`chaos-aura`: finds the command, and turns every error into one line and an exit code.

Commands are imported only when they are called: help must not wait for what it does not need.
"""

import os
import signal
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from chaos_aura.cli.failure import report_crash, report_error
from chaos_aura.core.errors import ChaosAuraError

# A command's module and function have its name. The sentence is the first line of its docstring.
COMMANDS = {
    "up": "Start what is not running, and wait until it does its work.",
    "status": "Tell how every service is.",
    "logs": "Show what a service wrote.",
    "down": "End the stack.",
    "doctor": "Tell what this machine can and cannot do, and what is missing.",
}
_INTERRUPTED = 128 + signal.SIGINT


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(getattr(import_module(f"chaos_aura.cli.{cmd_name}"), cmd_name))
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
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    sys.exit(_run())


def _run() -> int:
    try:
        return _told_if_interrupted(int(app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0))
    except ChaosAuraError as error:
        report_error(error)
        return error.exit_code
    except typer.TyperException as misuse:
        typer.secho(f"error: {misuse.format_message()} (see: chaos-aura --help)", err=True, fg=typer.colors.RED)
        return misuse.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _told_if_interrupted(_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read us has gone, which is no error; Python must not find out again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as crash:  # noqa: BLE001 - the border: a person sees a line, the file has the rest
        report_crash(crash)
        return 70


def _told_if_interrupted(code: int) -> int:
    if code == _INTERRUPTED:
        typer.echo("interrupted: nothing that this command started is left running", err=True)
    return code


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
