"""What a person sees while a run goes on, and at its end."""

from typing import TYPE_CHECKING, Any

from chaos_aura.stack.progress import Progress, Silent

if TYPE_CHECKING:
    from chaos_aura.toolkit.conductor import Conductor


class Screen:
    def __init__(self, conductor: "Conductor") -> None:
        self._conductor = conductor
        self.progress: Progress = Silent()

    def start(self) -> None: ...

    def say(self, line: str) -> None:
        print(line)

    def summarize(self, result: dict[str, Any]) -> None:
        print(result["outcome"], result["reasons"])

    def close(self) -> None: ...
