"""Why a source of parts gave nothing: nobody there, or somebody who said no."""

from chaos_aura.core.errors import ChaosAuraError, FetchFailed, MachineLacks
from chaos_aura.stack.fetch.command import CommandFailed

_SIGNS_OF_NO_NETWORK = (
    "dial tcp",
    "no such host",
    "connection refused",
    "connection reset",
    "network is unreachable",
    "i/o timeout",
    "dns error",
    "client error (connect)",
)


class Unreachable(Exception):
    """Worth another try. Names the source for a person, never its address: that may hold a password."""

    def __init__(self, source: str, why: str, mirror_variable: str) -> None:
        self.source = source
        self.why = why
        self.mirror_variable = mirror_variable
        super().__init__(f"{source} {why}")


class Refused(FetchFailed):
    """No use to ask again."""


def explained(problem: CommandFailed, what: str, source: str, mirror_variable: str) -> Unreachable | ChaosAuraError:
    """What a program meant that fetches from `source` with its own network code."""
    said = problem.said.lower()
    if "no space left" in said:
        return MachineLacks(what, "the disk became full", "make room in the home folder and in the cache")
    if any(sign in said for sign in _SIGNS_OF_NO_NETWORK):
        return Unreachable(source, "cannot be reached", mirror_variable)
    return FetchFailed(what, str(problem))
