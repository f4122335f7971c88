"""What can be seen of a process of the platform: its log, its spans, its events, its metrics."""

from chaos_aura.platform.observe.observer import Observer, start

__all__ = ["Observer", "start"]
