"""A share of a whole, drawn in one line."""

from rich.text import Text

_DONE, _LEFT = "━", "─"


def bar(share: float, width: int, style: str = "cyan") -> Text:
    """Full only when it is; something that has begun shows."""
    share = min(1.0, max(0.0, share))
    done = int(share * width)
    if share > 0:
        done = max(1, done)
    return Text.assemble((_DONE * done, style), (_LEFT * (width - done), "dim"), no_wrap=True)
