"""One fetch from the first missing part to the last receipt."""

import queue
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from functools import partial

from chaos_aura.core.errors import FetchFailed
from chaos_aura.stack.cache import Cache, Part, Receipt, Soundness, receipt_of, sha256_of
from chaos_aura.stack.fetch.jar import bring_jar, part_path_of
from chaos_aura.stack.fetch.lanes import run_side_by_side, sigterm_as_interrupt
from chaos_aura.stack.fetch.lock import only_fetch
from chaos_aura.stack.fetch.repository import Repository, repository_of
from chaos_aura.stack.fetch.room import disk_errors, require_room
from chaos_aura.stack.fetch.sources import Unreachable
from chaos_aura.stack.fetch.stop import Stop
from chaos_aura.stack.fetch.tally import Tally
from chaos_aura.stack.fetch.toxiproxy import BUILD_BYTES, build_toxiproxy
from chaos_aura.stack.fetch.workshop import opened_workshop
from chaos_aura.stack.manifest import Jar, Manifest
from chaos_aura.stack.progress import Progress

CONNECTIONS = 8
type Job = Callable[[], None]


class Errand:
    def __init__(
        self,
        products: Collection[str],
        cache: Cache,
        manifest: Manifest,
        progress: Progress,
        environ: Mapping[str, str],
    ) -> None:
        self._products = products
        self._cache = cache
        self._manifest = manifest
        self._progress = progress
        self._environ = environ
        self._stop = Stop()
        self._receipts: dict[str, Receipt] = {}

    def run(self) -> None:
        try:
            with (
                disk_errors(self._cache.root, _lack(self._soundness())),
                sigterm_as_interrupt(),
                only_fetch(self._cache.root, self._progress),
            ):
                soundness = self._soundness()
                # Another fetch may have brought all while this one waited.
                if not soundness.is_whole:
                    self._bring(soundness)
        except Unreachable as problem:
            raise self._out_of_reach(problem) from problem

    def _bring(self, soundness: Soundness) -> None:
        self._receipts = self._cache.receipts() | dict(soundness.renewed)
        try:
            self._bring_flawed(soundness)
        except BaseException:
            # Receipts only save hashing: failing to write them must not hide what went wrong.
            with suppress(OSError):
                self._cache.write_receipts(dict(self._receipts))
            raise
        self._cache.write_receipts(self._receipts)

    def _bring_flawed(self, soundness: Soundness) -> None:
        shutil.rmtree(self._cache.temporary_dir, ignore_errors=True)
        jars = {flaw.part.path: flaw.part for flaw in soundness.flaws if flaw.part.jar}
        builds: list[Job] = [partial(self._build, flaw.part) for flaw in soundness.flaws if not flaw.part.jar]
        downloads: list[Job] = []
        require_room(self._cache.root, self._missing_bytes(jars.values()) + BUILD_BYTES * len(builds))
        with ExitStack() as opened:
            if jars:
                repository = opened.enter_context(repository_of(self._environ, CONNECTIONS))
                jobs = self._jar_jobs(jars.values(), repository)
                downloads = [partial(_work_off, jobs)] * min(CONNECTIONS, len(jars))
            run_side_by_side(builds, downloads, self._stop)

    def _missing_bytes(self, parts: Collection[Part]) -> int:
        begun = [part_path_of(self._cache.root / part.path) for part in parts]
        return sum(_jar_of(part).size for part in parts) - sum(path.stat().st_size for path in begun if path.exists())

    def _jar_jobs(self, parts: Collection[Part], repository: Repository) -> "queue.SimpleQueue[Job]":
        """The largest first: started last, it would be waited for alone."""
        of_product: dict[str, list[Part]] = {}
        for part in parts:
            of_product.setdefault(part.product, []).append(part)
        tallies = {
            product: Tally(product, [_jar_of(part) for part in those], self._progress)
            for product, those in of_product.items()
        }
        jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for part in sorted(parts, key=lambda part: -_jar_of(part).size):
            jobs.put(partial(self._bring_jar, part, repository, tallies[part.product]))
        return jobs

    def _bring_jar(self, part: Part, repository: Repository, tally: Tally) -> None:
        self._stop.check()
        jar, path = _jar_of(part), self._cache.root / part.path
        bring_jar(jar, path, repository, tally, self._stop)
        self._receipts[part.path] = receipt_of(path, jar.sha256)
        tally.finished(jar)

    def _build(self, part: Part) -> None:
        path = self._cache.root / part.path
        with opened_workshop(self._cache.temporary_dir, self._environ, self._progress, self._stop) as workshop:
            build_toxiproxy(self._manifest, path, workshop)
        self._receipts[part.path] = receipt_of(path, sha256_of(path))

    def _soundness(self) -> Soundness:
        return self._cache.quick_soundness(self._manifest, self._products)

    def _out_of_reach(self, problem: Unreachable) -> FetchFailed:
        remedy = (
            f"connect this machine to a network, or set {problem.mirror_variable} to a mirror it can reach, "
            "or copy a whole cache from another machine of the same kind"
        )
        return FetchFailed(f"cache {self._cache.root}", f"{_lack(self._soundness())} and {problem}", remedy)


def _work_off(jobs: "queue.SimpleQueue[Job]") -> None:
    with suppress(queue.Empty):
        while True:
            jobs.get_nowait()()


def _jar_of(part: Part) -> Jar:
    assert part.jar is not None
    return part.jar


def _lack(soundness: Soundness) -> str:
    return f"{len(soundness.flaws)} of {soundness.parts} parts are missing or unsound"
