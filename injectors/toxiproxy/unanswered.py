"""What may come of asking Toxiproxy, besides an answer."""

from chaos_aura.core.errors import TargetUnfit


class Unanswered(TargetUnfit):
    """`nobody_listens`: its address refuses connections, so that at least no toxic of it has any effect.

    `came_too_late`: it took the question, and did not answer in time.
    """

    nobody_listens: bool = False
    came_too_late: bool = False


class Missing(TargetUnfit):
    """It answers, and has no such proxy or toxic."""
