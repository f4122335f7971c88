"""A share of a whole, drawn in one line."""

from chaos_aura.report.line import Line

_DONE, _LEFT = "━", "─"


def bar(share: float, width: int, style: str = "cyan") -> Line:
    """Full only when it is; something that has begun shows."""
    share = min(1.0, max(0.0, share))
    done = int(share * width)
    if share > 0:
        done = max(1, done)
    return Line.of((_DONE * done, style), (_LEFT * (width - done), "dim"))
