"""Docker's compose, whichever of the two there is: `docker compose`, or docker-compose 1.29."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import MachineLacks

_WITHIN_S = 120


@dataclass(frozen=True)
class Compose:
    argv: tuple[str, ...]

    def run(self, file: Path, project: str, *words: str) -> str:
        """What it said. AssertionError with that when it failed."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
        done = subprocess.run(
            [*self.argv, "--file", str(file), "--project-name", project, *words],
            cwd=file.parent,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(self.argv)} {' '.join(words)}: {done.stdout}"
        return done.stdout

    def __str__(self) -> str:
        return " ".join(self.argv)


def all_composes(environ: Mapping[str, str]) -> list[Compose]:
    """Those that answer; the plug-in first, because it is what is made today."""
    path = environ.get("PATH")
    return [
        Compose(command)
        for command in (("docker", "compose"), ("docker-compose",))
        if shutil.which(command[0], path=path) and _answers(command)
    ]


def compose_of(environ: Mapping[str, str]) -> Compose:
    """MachineLacks when there is none."""
    for found in all_composes(environ):
        return found
    why = "neither `docker compose` nor `docker-compose` answers"
    raise MachineLacks("compose", why, "install the package docker-compose, or docker-compose-v2")


def _answers(command: tuple[str, ...]) -> bool:
    done = subprocess.run([*command, "version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    return done.returncode == 0
