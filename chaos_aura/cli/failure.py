"""What a person sees of an error: one line; of a service that failed, the end of its log too; never a traceback."""

import os
import tempfile
import traceback
from pathlib import Path

import typer

from chaos_aura.core.errors import ChaosAuraError, ServiceUnhealthy

_LONGEST = 240


def report_error(error: ChaosAuraError) -> None:
    typer.secho(f"error: {error}", err=True, fg=typer.colors.RED)
    if isinstance(error, ServiceUnhealthy) and error.log_lines:
        typer.secho(f"the last lines of {error.where}:", err=True)
        for line in error.log_lines:
            typer.secho(f"  {shorten(line)}", err=True, dim=True)


def shorten(line: str) -> str:
    """Some servers log a whole stack in one line; the log itself has it."""
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


def report_crash(crash: Exception) -> None:
    """A defect of ours: the traceback goes to a file, to be sent to whoever mends it."""
    handle, name = tempfile.mkstemp(prefix="chaos-aura-crash-", suffix=".txt")
    os.close(handle)
    Path(name).write_text("".join(traceback.format_exception(crash)), encoding="utf-8")
    summary = f"{type(crash).__name__}: {crash}".splitlines()[0]
    typer.secho(f"error: chaos-aura: failed unexpectedly ({summary}); details in {name}", err=True, fg=typer.colors.RED)
