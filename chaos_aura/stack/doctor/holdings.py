"""The user's cache: writable, complete, sound; start-up caches that fit and are undamaged."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.stack.aot import AotCache
from chaos_aura.stack.build import aot_caches
from chaos_aura.stack.cache import Flaw, FlawKind
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.room import size_text
from chaos_aura.stack.doctor.scene import Scene, nearest_existing

_NAMED = 3
_UP = "chaos-aura up"
_SLOW = "without them the JVMs start in twice the time"


def look_at_folder(scene: Scene) -> Iterator[Finding]:
    root = scene.cache.root
    seen = f"{root}, {size_text(size_of(root))}"
    if why := _refusal_to_write(root):
        means = "what is there can be used; nothing can be fetched or mended"
        remedy = "make it writable, or set CHAOS_AURA_CACHE to a folder that is"
        yield Finding("cache", Group.CACHE, State.LIMITED, f"{seen}, cannot be written ({why})", means, remedy)
    else:
        yield Finding("cache", Group.CACHE, State.OK, f"{seen}, writable; may be removed while no stack runs")


def look_at_parts(scene: Scene) -> Iterator[Finding]:
    quick = scene.cache.quick_soundness(scene.manifest, scene.manifest.products)
    soundness = quick
    if scene.is_deep:
        soundness = scene.cache.full_soundness(scene.manifest, scene.manifest.products)
    how = "hashed" if scene.is_deep else "by size and time, --deep hashes them"
    if soundness.is_whole:
        seen = f"{soundness.parts} of {soundness.parts} parts are sound ({how})"
        yield Finding("parts", Group.CACHE, State.OK, seen)
        return
    known = {flaw.part.path for flaw in quick.flaws}
    unnoticed = [flaw for flaw in soundness.flaws if flaw.part.path not in known]
    yield _unsound(scene, soundness.flaws, unnoticed, soundness.parts)


def look_at_startup_caches(scene: Scene) -> Iterator[Finding]:
    try:
        caches = aot_caches(scene.site)
    except OSError as cause:
        seen = f"what they are made from cannot be read ({cause.strerror})"
        yield Finding("start-up caches", Group.CACHE, State.LIMITED, seen, _SLOW, _UP)
        return
    except ChaosAuraError as lack:
        seen = f"none fits ({lack.why})"
        yield Finding("start-up caches", Group.CACHE, State.LIMITED, seen, _SLOW, lack.remedy.removeprefix("run: "))
        return
    for product, cache in caches.items():
        yield _startup_cache(product, cache, is_deep=scene.is_deep)
    yield _unused(scene.cache.aot_dir, [cache.path for cache in caches.values()])


def size_of(folder: Path) -> int:
    total = 0
    for parent, _folders, files in os.walk(folder):
        for file in files:
            total += _size(os.path.join(parent, file))  # noqa: PTH118 - hundreds of them
    return total


def _size(file: str | Path) -> int:
    """0 for one that has gone: a running stack removes files of its own."""
    try:
        return os.lstat(file).st_size
    except OSError:
        return 0


def _unsound(scene: Scene, flaws: Sequence[Flaw], unnoticed: Sequence[Flaw], parts: int) -> Finding:
    """Only missing, the next `up` brings them; what `up` would trust must be removed first."""
    damaged = [flaw for flaw in flaws if flaw.kind is not FlawKind.MISSING]
    named = damaged or flaws
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    how = "unsound" if damaged else "missing"
    seen = f"{len(flaws)} of {parts} are {how}: {'; '.join(map(str, named[:_NAMED]))}{more}"
    means, remedy = "a start fetches them again", _UP
    if cannot_mend := bool(_refusal_to_write(scene.cache.root)):
        means = "nothing can be fetched into this cache"
        remedy = "make it writable, or set CHAOS_AURA_CACHE to a folder that is; then: chaos-aura up"
    if unnoticed:
        means = "they changed without a new size or time, so that a start would trust them"
        remedy = " ".join(["rm", *(str(scene.cache.root / flaw.part.path) for flaw in unnoticed), "&&", _UP])
    state = State.BROKEN if damaged else State.MISSING
    return Finding("parts", Group.CACHE, state, seen, means, remedy, blocks=bool(damaged) or cannot_mend)


def _startup_cache(product: str, cache: AotCache, *, is_deep: bool) -> Finding:
    subject = f"start-up cache {product}"
    if not cache.exists:
        means = "its JVM starts in twice the time; made in the background when a stack starts"
        return Finding(subject, Group.CACHE, State.LIMITED, f"none that fits, {cache.path.name}", means, _UP)
    size = size_text(cache.path.stat().st_size)
    if not is_deep:
        return Finding(subject, Group.CACHE, State.OK, f"{size}, fits (--deep hashes it)")
    if cache.is_undamaged():
        return Finding(subject, Group.CACHE, State.OK, f"{size}, fits, undamaged")
    means = "its JVM finds out at each start, and starts in twice the time"
    remedy = f"rm {cache.path} && {_UP}"
    return Finding(subject, Group.CACHE, State.BROKEN, f"{cache.path.name} is damaged", means, remedy)


def _unused(folder: Path, used: Sequence[Path]) -> Finding:
    others = [path for path in folder.glob("*.aot") if path not in used] if folder.is_dir() else []
    size = sum(map(_size, others))
    seen = f"{len(others)}, {size_text(size)}; the oldest go by themselves" if others else "none"
    return Finding("start-up caches of others", Group.CACHE, State.OK, seen)


def _refusal_to_write(root: Path) -> str:
    """Tried with a file that has no name, so that nothing can be left."""
    try:
        with tempfile.TemporaryFile(dir=nearest_existing(root)) as file:
            file.write(b"chaos-aura")
            file.flush()
    except OSError as cause:
        return cause.strerror or str(cause)
    return ""
