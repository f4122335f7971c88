"""What a person sees of an error: one line; of a service that failed, the end of its log too; never a traceback."""

import os
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

import typer

from chaos_aura.cli.output import say_aside
from chaos_aura.core.errors import ChaosAuraError, MachineLacks, ServiceUnhealthy

_LONGEST = 240


def report_error(error: ChaosAuraError) -> None:
    say_aside(f"error: {error}", fg=typer.colors.RED)
    if isinstance(error, ServiceUnhealthy) and error.log_lines:
        say_aside(f"the last lines of {error.where}:")
        for line in error.log_lines:
            say_aside(f"  {shorten(line)}", dim=True)


def shorten(line: str) -> str:
    """Some servers log a whole stack in one line; the log itself has it."""
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


def report_crash(crash: Exception) -> None:
    """A defect of ours: the traceback goes to a file, to be sent to whoever mends it."""
    summary = f"{type(crash).__name__}: {crash}".splitlines()[0]
    line = f"error: chaos-aura: failed unexpectedly ({summary})"
    with suppress(OSError):  # without room for a file, the line must do
        line += f"; details in {_written(crash)}"
    say_aside(line, fg=typer.colors.RED)


def _written(crash: Exception) -> str:
    handle, name = tempfile.mkstemp(prefix="chaos-aura-crash-", suffix=".txt")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("".join(traceback.format_exception(crash)))
    except OSError:
        Path(name).unlink()
        raise
    return name


def told_by_system(cause: OSError, is_output_lost: bool = False) -> ChaosAuraError:
    """What no other part of ours has put into words: a disk is full, a folder closed or gone."""
    if is_output_lost:
        return MachineLacks.because(cause, "standard output")
    if isinstance(cause, FileNotFoundError) and not cause.filename and not _has_current_folder():
        return MachineLacks("current folder", "is gone", "change to one that exists")
    return MachineLacks.because(cause)


def _has_current_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - Path's own does the same
    except FileNotFoundError:
        return False
    return True
