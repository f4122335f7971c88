"""Docker's compose: `docker compose` or docker-compose, whichever is there, on one project."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.undoing import uninterrupted

_WITHIN_S, _ENDS_WITHIN_S = 180, 60
_REMEDY = "see: docker ps -a; what is left of the stack ends: chaos-aura down"
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
        with subprocess.Popen(
            argv,
            env={**self.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C at the terminal is for us
        ) as process:
            said, wrong = _outcome(process, words[0])
        if process.returncode:
            raise MachineLacks(_WHERE, f"{words[0]} failed: {_reason(wrong or said)}", _REMEDY)
        return said


def command(environ: Mapping[str, str]) -> Sequence[str]:
    """MachineLacks when there is none."""
    path = environ.get("PATH", os.defpath)
    docker, alone = shutil.which("docker", path=path), shutil.which("docker-compose", path=path)
    if docker and _answers(docker, environ):
        return (docker, "compose")
    if alone:
        return (alone,)
    raise MachineLacks(_WHERE, "neither docker compose nor docker-compose is here", "install docker-compose-v2")


def _outcome(process: "subprocess.Popen[str]", word: str) -> tuple[str, str]:
    """Interrupted, it is ended by nobody half-way: what it has asked the engine for would come after its end."""
    try:
        return process.communicate(timeout=_WITHIN_S)
    except subprocess.TimeoutExpired as cause:
        process.kill()
        raise MachineLacks(_WHERE, f"{word} did not end within {_WITHIN_S} s", _REMEDY) from cause
    except BaseException:
        with uninterrupted(), suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_ENDS_WITHIN_S)
        process.kill()
        raise


def _answers(docker: str, environ: Mapping[str, str]) -> bool:
    asked = [docker, "compose", "version"]
    return subprocess.run(asked, env=dict(environ), capture_output=True, check=False).returncode == 0


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and "obsolete" not in line]
    return "; ".join(lines[-_SHOWN:])[:400] or "it said nothing"
