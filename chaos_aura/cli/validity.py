"""What a person and a program are told of a verdict: a word in colour, an exit code."""

import typer

from chaos_aura.judge.consistency.verdict import Validity

EXITS = {Validity.VALID: 0, Validity.INVALID: 1, Validity.UNKNOWN: 3}
_STYLES = {Validity.VALID: "green", Validity.INVALID: "red", Validity.UNKNOWN: "yellow"}


def say(validity: Validity, of_what: str) -> None:
    typer.secho(validity.value.upper(), nl=False, fg=_STYLES[validity])
    typer.echo(f"  {of_what}")
