"""What a helper has told of itself."""

from pathlib import Path

from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting import place


def figures_of(ground: Ground, lease_id: str) -> dict[str, float]:
    """`{"kills": 3.0, "at_s": 5123.2}`, empty when it has told nothing. `at_s`: when, counted from boot."""
    try:
        line = Path(place.report(str(ground.folder), lease_id)).read_text(encoding="ascii")
        return {name: float(value) for name, _, value in (word.partition("=") for word in line.split())}
    except (FileNotFoundError, ValueError):
        return {}


def last_words(ground: Ground, lease_id: str) -> str:
    """The last line of its log: why it ended."""
    try:
        lines = Path(place.log(str(ground.folder), lease_id)).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
