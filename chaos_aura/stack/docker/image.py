"""The image of the stack: built when it is not there, with its steps told one by one."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.docker.sources import DOCKERFILE, Sources, certificates_in
from chaos_aura.stack.progress import Progress

IMAGE, BASE = "CHAOS_AURA_IMAGE", "BASE_IMAGE"
DEFAULT_BASE = "python:3.12-slim"
_NAME, _LABEL = "chaos-aura", "chaos-aura.image=whole"
_ITEM = "image"
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SHOWN, _MOST = 60, 300
_BUILT_WITHIN_S = 1800  # nothing may be said for so long: a step says nothing while it fetches


def image_name(environ: Mapping[str, str], sources: Sources) -> str:
    """$CHAOS_AURA_IMAGE, else the one that is made of this checkout."""
    return environ.get(IMAGE) or f"{_NAME}:{sources.fingerprint}"


def ensure_image(engine: Engine, environ: Mapping[str, str], sources: Sources, log: Path, progress: Progress) -> str:
    """Its name. MachineLacks says what kept it from being built; all that was said is in `log`."""
    name = image_name(environ, sources)
    if _is_there(engine, name):
        return name
    if environ.get(IMAGE):
        raise MachineLacks(IMAGE, f"there is no image {name}", "name one that is there (docker images), or unset it")
    base = environ.get(BASE) or DEFAULT_BASE
    progress.begin(_ITEM, f"building {name} on {base}")
    patient = Engine(engine.environ, _BUILT_WITHIN_S)
    with tempfile.TemporaryFile() as context, log.open("w", encoding="utf-8") as told:
        sources.context(certificates_in(environ), context)
        context.seek(0)
        with patient.talking(_ITEM):
            stream = patient.api.build(
                fileobj=context,
                custom_context=True,
                dockerfile=DOCKERFILE,
                tag=name,
                buildargs={BASE: base},
                network_mode="host",  # the package indexes are met as this machine meets them
                rm=True,
                forcerm=True,
                decode=True,
            )
            for line in _said(stream, log):
                told.write(line)
                if step := _STEP.match(line):
                    progress.begin(_ITEM, f"step {step[1]} of {step[2]}: {step[3][:_SHOWN]}")
    older = former_images(engine, name)
    freed = f"; nobody uses the older {' '.join(older)}: docker image rm {' '.join(older)}" if older else ""
    progress.end(_ITEM, f"built {name}{freed}")
    return name


def former_images(engine: Engine, newest: str) -> tuple[str, ...]:
    """Those that were built here before, and of which there is no container. Another checkout may want them again."""
    with engine.talking(_ITEM):
        used = {row["ImageID"] for row in engine.api.containers(all=True)}
        images = engine.api.images(filters={"label": _LABEL})
    kept = used | {image["Id"] for image in images if newest in (image.get("RepoTags") or ())}
    tags = [tag for image in images if image["Id"] not in kept for tag in image.get("RepoTags") or ()]
    return tuple(sorted(tag for tag in tags if tag.startswith(f"{_NAME}:")))


def _said(stream: Iterator[Mapping[str, Any]], log: Path) -> Iterator[str]:
    """Line by line, until it is built. MachineLacks when it is not."""
    last = ""
    for part in stream:
        if error := part.get("error"):
            said = str(error).strip().splitlines()[-1] if not last or _STEP.match(last) else last
            why = f"cannot be built: {said[:_MOST]}"
            raise MachineLacks(_ITEM, why, _remedy(str(error), log))
        for line in _COLOURS.sub("", str(part.get("stream", ""))).splitlines():
            if line.strip() and not line.startswith((" --->", "Removing intermediate")):
                last = line.strip()
            yield f"{line}\n"


def _remedy(error: str, log: Path) -> str:
    pulling = ("pull access", "manifest", "lookup", "request canceled", "connection refused", "no such host", "timeout")
    if any(sign in error.lower() for sign in pulling):
        what = f"where no image can be pulled, set {BASE} to a Debian with Python 3.12 or newer that is there"
        return f"{what} (in a checkout scripts/docker_base makes one); all of it: {log}"
    return f"all of it: {log}"


def _is_there(engine: Engine, name: str) -> bool:
    try:
        with engine.talking(name):
            engine.api.inspect_image(name)
    except NoSuchContainer:
        return False
    return True
