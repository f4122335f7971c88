"""What commands say, where nobody may listen any more: `chaos-aura inject pause -t redis | head -1`."""

import os
import sys
from typing import Any, TextIO

import typer

from chaos_aura.core.errors import MachineLacks


class Output:
    """For commands whose verdict decides how they end: whatever becomes of what they say, they go on."""

    def __init__(self) -> None:
        self._lost: OSError | None = None

    def say(self, line: str) -> None:
        if self._lost:
            return
        try:
            typer.echo(line)
        except OSError as cause:
            self._lost = cause
            drop(sys.stdout)

    def check(self) -> None:
        """When all went well. A reader that has gone had seen enough; what a full disk did not take is missing."""
        if self._lost and not isinstance(self._lost, BrokenPipeError):
            raise MachineLacks.because(self._lost, "standard output") from self._lost


def say_aside(line: str, **style: Any) -> None:
    """On standard error. That nobody hears it changes nothing, not even the exit code."""
    try:
        typer.secho(line, err=True, **style)
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Python must not find out again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
