"""`chaos-aura.toml` beside `.chaos-aura/`: what a project says of itself, a table for each purpose.

[limits]      how far faults may go
[stack]       which stack is meant; of somebody's own services, what may be touched
[services.*]  somebody's own services, [toxiproxy] and [edges.*] the paths to them
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import BadInput, MachineLacks

FILE = "chaos-aura.toml"
LIMITS, STACK, SERVICES, TOXIPROXY, EDGES = "limits", "stack", "services", "toxiproxy", "edges"
_TABLES = (LIMITS, STACK, SERVICES, TOXIPROXY, EDGES)


def read_tables(root: Path) -> Mapping[str, Mapping[str, Any]]:
    """By name; empty where there is no such file. Strict: a table that is misspelt would not hold."""
    path = root / FILE
    try:
        return tables_of(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as cause:
        raise BadInput(str(path), f"is not TOML ({cause})", "mend it") from cause
    except OSError as cause:
        raise MachineLacks.because(cause) from cause


def tables_of(text: str, where: str) -> Mapping[str, Mapping[str, Any]]:
    """`where` is how messages call the file."""
    import tomllib  # noqa: PLC0415 - most projects have no such file

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as cause:
        raise BadInput(where, f"is not TOML ({cause})", "mend it") from cause
    for name, table in document.items():
        if name not in _TABLES:
            raise BadInput(where, f"has `{name}`, which means nothing", f"tables are: {', '.join(_TABLES)}")
        if not isinstance(table, dict):
            raise BadInput(where, f"`{name}` is no table", f"write: [{name}]")
    return document
