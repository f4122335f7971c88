"""Brings one jar: streamed, resumed, verified, and only then given its name."""

from pathlib import Path

from chaos_aura.stack.fetch.part_file import PartFile, opened_part
from chaos_aura.stack.fetch.repository import MIRROR_VARIABLE, Repository
from chaos_aura.stack.fetch.retry import until_reached
from chaos_aura.stack.fetch.sources import Refused
from chaos_aura.stack.fetch.stop import Stop
from chaos_aura.stack.fetch.tally import Tally
from chaos_aura.stack.manifest import Jar

_OTHER_BYTES = f"do not trust it; set {MIRROR_VARIABLE} to another repository"


def part_path_of(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def bring_jar(jar: Jar, path: Path, repository: Repository, tally: Tally, stop: Stop) -> None:
    """Each new try goes on where the last one broke off."""
    until_reached(lambda: _bring_once(jar, path, repository, tally, stop), stop)


def _bring_once(jar: Jar, path: Path, repository: Repository, tally: Tally, stop: Stop) -> None:
    part_path = part_path_of(path)
    with opened_part(part_path) as part:
        was_begun = part.size > 0
        _complete(part, jar, repository, tally, stop)
        if was_begun and not _is_whole(part, jar):
            part.restart()
            _complete(part, jar, repository, tally, stop)
        if not _is_whole(part, jar):
            got = f"expected sha256 {jar.sha256} of {jar.size} bytes, got {part.sha256} of {part.size}"
            part_path.unlink()
            raise Refused(jar.name, f"{repository.name} sent other bytes than were pinned ({got})", _OTHER_BYTES)
    stop.check()
    part_path.replace(path)


def _complete(part: PartFile, jar: Jar, repository: Repository, tally: Tally, stop: Stop) -> None:
    """Until the source ends. More bytes than wanted are not waited for."""
    stop.check()
    if part.size >= jar.size:
        return
    with repository.opened(jar.repository_path, part.size) as stream:
        if stream.start != part.size:
            part.restart()
        for chunk in stream.chunks:
            stop.check()
            part.append(chunk)
            tally.reached(jar, min(part.size, jar.size))
            if part.size > jar.size:
                return


def _is_whole(part: PartFile, jar: Jar) -> bool:
    return part.size == jar.size and part.sha256 == jar.sha256
