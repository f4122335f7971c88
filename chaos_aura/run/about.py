"""Which experiment a run is of, and the command that runs it again."""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.core.catalogue import DOCKER
from chaos_aura.core.stack_choice import VARIABLE

_RUN = "run"
_WITH_VALUE = {
    "--journal-path", "--dry", "--rollback-strategy", "--var", "--var-file", "--control-file", "--hypothesis-strategy",
    "--hypothesis-frequency", "--output", "--events-file",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class About:
    """`file` is as it was given on the command line; empty when nobody knows."""

    title: str
    file: str
    sha256: str
    tags: tuple[str, ...]
    command: tuple[str, ...]

    @classmethod
    def of(cls, experiment: Mapping[str, Any], argv: Sequence[str]) -> "About":
        content = {key: value for key, value in experiment.items() if key != "dry"}
        told = json.dumps(content, sort_keys=True, default=str).encode()
        tags = tuple(str(each) for each in experiment.get("tags", ()))
        command = (Path(argv[0]).name, *argv[1:]) if argv else ()
        return cls(str(experiment.get("title", "")), _source(argv[1:]), hashlib.sha256(told).hexdigest(), tags, command)

    @property
    def name(self) -> str:
        return Path(self.file).stem or self.title

    def again(self, seed: int, stack: str = "") -> str:
        """With the same seed, which decides every arrival, on the same kind of stack where that has to be said."""
        said = f" {VARIABLE}={stack}" if stack == DOCKER else ""
        return f"CHAOS_AURA_SEED={seed}{said} {shlex.join(self.command)}"

    def to_dict(self) -> dict[str, Any]:
        return {"file": self.file, "title": self.title, "sha256": self.sha256, "tags": list(self.tags)}


def _source(words: Sequence[str]) -> str:
    """The one word after `run` that is neither an option nor an option's value."""
    if _RUN not in words:
        return ""
    rest = list(words[words.index(_RUN) + 1 :])
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            return word
        if word in _WITH_VALUE and rest:
            rest.pop(0)
    return ""
