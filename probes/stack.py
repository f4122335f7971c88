"""What a stack's folder says of it: which services there are, and where."""

from pathlib import Path

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import StackDown
from chaos_aura.supervision.place import CATALOGUE


def catalogue(home: Path) -> Catalogue:
    """StackDown when there is none."""
    path = home / CATALOGUE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as cause:
        raise StackDown(
            f"stack of {home.parent}", f"has no catalogue ({cause.strerror})", "run: chaos-aura up"
        ) from cause
    return Catalogue.from_json(text, str(path))
