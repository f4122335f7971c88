"""`python -P -m chaos_aura.stack.docker.inside SERVICE`: what a container of the stack runs. It becomes that service.

The service is the first process of its container, so that it is what is killed, paused and limited. What it writes goes
to the engine's log and to the file in which everybody looks for it.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from chaos_aura.core.errors import BadInput, ChaosAuraError
from chaos_aura.core.project import Project
from chaos_aura.stack.build import aot_caches, upstreams
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.clocks import clock_library_if_any
from chaos_aura.stack.docker.places import CACHE, ROOT, TOLD, WRITTEN
from chaos_aura.stack.docker.wiring import SERVICES, ports_in
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.services import LOCAL_SERVICES, Site
from chaos_aura.stack.services.toxiproxy import write_proxies

_ANYWHERE = "0.0.0.0"
_SERVICE = "SERVICE"


def main() -> int:
    try:
        become(sys.argv[1] if len(sys.argv) > 1 else "", os.environ)
    except ChaosAuraError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def become(name: str, environ: Mapping[str, str]) -> NoReturn:
    service = next((each for each in LOCAL_SERVICES if each.name == name), None)
    if service is None:
        raise BadInput(name or _SERVICE, "is no service of the stack", f"there are: {', '.join(SERVICES)}")
    site = site_of(environ)
    site.project.make(but=WRITTEN)
    if name == "toxiproxy":
        write_proxies(site, upstreams(site))
    service.prepare(site)
    program = service.program(site)
    os.chdir(program.cwd)
    _copy_output_to(Path(program.log))
    os.execve(program.argv[0], program.argv, dict(program.env))


def site_of(environ: Mapping[str, str]) -> Site:
    cache = Cache(CACHE)
    site = Site(
        Project(ROOT),
        cache,
        Manifest.bundled(),
        environ,
        ports_in(environ),
        EDGES,
        listens_on=_ANYWHERE,
        hosts={name: name for name in SERVICES},
        told=TOLD,
    )
    return replace(
        site,
        jvm_flags={name: each.flags for name, each in aot_caches(site).items()},
        clock_library=clock_library_if_any(cache, site.service_environ),
    )


def _copy_output_to(log: Path) -> None:
    """A child of the service does, until the service ends. What cannot be written there the engine still has."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.dup2(reading, 0)
        os.closerange(3, reading + writing)
        os.execvp("tee", ("tee", "-a", str(log)))
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(reading)
    os.close(writing)


if __name__ == "__main__":
    sys.exit(main())
