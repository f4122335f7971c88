"""Kills a supervised service again as often as it comes back."""

from injectors.crash_loop.injector import CrashLoopInjector

__all__ = ["CrashLoopInjector"]
