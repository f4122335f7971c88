"""How patient a guard is with its dependency, in numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """`failures` are what the dependency's client raises when the dependency is at fault. All else is an answer."""

    failures: tuple[type[Exception], ...] = (ConnectionError, TimeoutError)

    deadline_s: float = 5.0  # a whole call: its tries and the waits between them
    attempt_s: float = 2.0  # one try
    attempts: int = 4
    first_wait_s: float = 0.05  # doubles with each try; each wait is a random part of it, between its half and all
    longest_wait_s: float = 1.0

    open_after_failures: int = 5  # in a row; or
    open_at_rate: float = 0.5  # this share of the calls, once so many failed within the window
    open_at_rate_failures: int = 10
    rate_window_s: float = 10.0
    open_s: float = 1.0
    probes: int = 1  # at once, while it is half open
    close_after_successes: int = 1

    retry_share: float = 0.2  # of the calls; and so many a second besides
    retries_per_s: float = 10.0

    def __post_init__(self) -> None:
        counts = ("attempts", "open_after_failures", "open_at_rate_failures", "probes", "close_after_successes")
        times = ("deadline_s", "attempt_s", "first_wait_s", "longest_wait_s", "rate_window_s", "open_s")
        for name in counts:
            if getattr(self, name) < 1:
                raise ValueError(f"policy: {name} must be at least 1, not {getattr(self, name)}")
        for name in times:
            if not getattr(self, name) > 0:
                raise ValueError(f"policy: {name} must be above 0, not {getattr(self, name)}")
        if not self.failures:
            raise ValueError("policy: name at least one failure, or nothing is ever guarded")
