"""Which stack is meant: $CHAOS_AURA_STACK, else `[stack] kind` of `chaos-aura.toml`, else the local one."""

from collections.abc import Mapping
from pathlib import Path

from chaos_aura.core.catalogue import DOCKER, EXTERNAL, LOCAL
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project_file import FILE, STACK, read_tables

VARIABLE = "CHAOS_AURA_STACK"
STACKS = (LOCAL, DOCKER, EXTERNAL)


def stack_meant(root: Path, environ: Mapping[str, str]) -> str:
    """`local`, `docker` or `external`; `root` is the project's. BadInput for any other word."""
    return stack_said(root, environ) or LOCAL


def stack_said(root: Path, environ: Mapping[str, str]) -> str:
    """Empty where nobody has said which."""
    if said := environ.get(VARIABLE):
        return checked_stack(said, VARIABLE)
    table = read_tables(root).get(STACK, {})
    return checked_stack(table["kind"], f"{root / FILE}, [{STACK}] kind") if "kind" in table else ""


def checked_stack(word: object, where: str) -> str:
    """`where` is who says so."""
    if word not in STACKS:
        raise BadInput(where, f"{word!r} is no stack", f"there are: {', '.join(STACKS)}")
    return str(word)
