"""Docker's compose: `docker compose` or docker-compose, whichever is there, on one project."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import MachineLacks

_WITHIN_S = 180
_WHERE = "docker compose"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Compose:
    """`variables` are what its file may ask for."""

    project: str
    file: Path
    environ: Mapping[str, str]
    variables: Mapping[str, str]

    def run(self, *words: str) -> str:
        """What it said. MachineLacks with its last lines when it failed."""
        argv = [*command(self.environ), "--project-name", self.project, "--file", str(self.file), *words]
        try:
            done = subprocess.run(
                argv,
                env={**self.environ, **self.variables},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired as cause:
            why = f"{words[0]} did not end within {_WITHIN_S} s"
            raise MachineLacks(_WHERE, why, "look at it: docker ps -a") from cause
        if done.returncode:
            raise MachineLacks(_WHERE, f"{words[0]} failed: {_reason(done.stderr or done.stdout)}", "see: docker ps -a")
        return done.stdout


def command(environ: Mapping[str, str]) -> Sequence[str]:
    """MachineLacks when there is none."""
    path = environ.get("PATH", os.defpath)
    docker, alone = shutil.which("docker", path=path), shutil.which("docker-compose", path=path)
    if docker and _answers(docker, environ):
        return (docker, "compose")
    if alone:
        return (alone,)
    raise MachineLacks(_WHERE, "neither docker compose nor docker-compose is here", "install docker-compose-v2")


def _answers(docker: str, environ: Mapping[str, str]) -> bool:
    asked = [docker, "compose", "version"]
    return subprocess.run(asked, env=dict(environ), capture_output=True, check=False).returncode == 0


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and "obsolete" not in line]
    return "; ".join(lines[-_SHOWN:])[:400] or "it said nothing"
