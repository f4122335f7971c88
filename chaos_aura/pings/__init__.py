"""One real operation against each service, in its raw protocol, so that watching the stack costs next to nothing."""

from chaos_aura.pings.pong import Pong

__all__ = ["Pong"]
