"""What can go wrong in the platform. It knows nothing of chaos-aura's own errors, so it has its own tree.

PlatformError
├── BadSettings        a configuration file that cannot be used
├── Refused            the platform will not do it, and says why: an answer, not a fault
└── DependencyFailed   a dependency did not do what it was asked
    ├── DependencyAway     it could not be reached, or answered with a failure of its own, until the tries ended
    ├── BreakerOpen        it was not asked: its breaker is open, or half open and busy
    └── DeadlinePassed     it did not answer in time
"""


class PlatformError(Exception):
    """One line: where, why, and what to do."""

    def __init__(self, where: str, why: str, remedy: str = "") -> None:
        super().__init__(where, why, remedy)
        self.where = where
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.why}" + (f"; {self.remedy}" if self.remedy else "")


class BadSettings(PlatformError):
    """A configuration file that cannot be used."""


class Refused(PlatformError):
    """`reason` is one of `model.RefusalReason`, or a word of the place that refuses."""

    def __init__(self, where: str, reason: str, why: str) -> None:
        super().__init__(where, why)
        self.reason = reason


class DependencyFailed(PlatformError):
    """`where` is the dependency; `retry_after_s` is when it may be worth another try."""

    def __init__(self, where: str, why: str, retry_after_s: float = 1.0) -> None:
        super().__init__(where, why)
        self.retry_after_s = retry_after_s


class DependencyAway(DependencyFailed):
    """It could not be reached, or answered with a failure of its own, until the tries ended."""


class BreakerOpen(DependencyFailed):
    """It was not asked."""


class DeadlinePassed(DependencyFailed):
    """It did not answer in time."""
