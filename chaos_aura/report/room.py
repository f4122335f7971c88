"""Whether something has room, so that nothing has to be cut: a number without its end is another number."""

from rich.console import Console, RenderableType
from rich.measure import Measurement

_ANY_WIDTH = 100_000


def has_room(content: RenderableType, width: int) -> bool:
    console = Console(width=_ANY_WIDTH, _environ={})
    return Measurement.get(console, console.options, content).maximum <= width
