"""An injector that hurts nobody: its mechanism is a file in a folder. For tests of whatever injects and heals.

HOME/faults/fake/struck/LEASE        there while the fault is in force
HOME/faults/fake/told/STEP           what the step of that name (prepare, inject, in_force, heal, gone) is to do:
                                     "fail WHY", "crash" (an error that is none of ours), "exit" (as a program
                                     does), "hang SECONDS" (at most: until `go_on`), "no" (a proof that does not
                                     hold), "late" (inject: effect after its end, and after the first heal)
"""

import subprocess
import time
from pathlib import Path
from typing import ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo
from chaos_aura.core.kind import Kind, Parameter
from chaos_aura.faults.ground import Ground

_LOOKS_EVERY_S = 0.02
_LATE = '(while [ -e "$1" ]; do sleep 0.01; done; touch "$2" "$3") >/dev/null 2>&1 &'


class FakeInjector:
    name: ClassVar[str] = "fake"
    kinds: ClassVar[frozenset[str]] = frozenset({"pretend"})
    settle_s: ClassVar[float] = 0.3
    own_kinds: ClassVar[tuple[Kind, ...]] = (
        Kind(
            "pretend",
            "put a file where it can be seen",
            (
                Parameter("writes", str, "what it says that it writes", default="nothing"),
                Parameter("hurts", str, "whom it says that it hurts", default="nobody"),
                Parameter("needs", str, "whom it says that its healing needs", default="nobody"),
            ),
        ),
    )

    def __init__(self, ground: Ground) -> None:
        self.folder = ground.folder / "fake"

    def tell(self, step: str, what: str) -> None:
        (self.folder / "told").mkdir(parents=True, exist_ok=True)
        (self.folder / "told" / step).write_text(what, encoding="utf-8")

    def forget(self, step: str) -> None:
        (self.folder / "told" / step).unlink()

    def struck(self) -> set[str]:
        """Leases that are in force."""
        return {path.name for path in (self.folder / "struck").glob("*")}

    def hangs(self) -> bool:
        """Whether a step has begun to hang."""
        return (self.folder / "hangs").exists()

    def go_on(self) -> None:
        """What hangs hangs no longer."""
        (self.folder / "hangs").unlink(missing_ok=True)

    def late(self) -> bool:
        """Whether a late effect has come."""
        return (self.folder / "late").exists()

    def can(self, fault: Fault, target: Target) -> Capability:
        return YES

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        hurts, needs = (frozenset({fault.text(each)} - {"nobody"}) for each in ("hurts", "needs"))
        return Footprint(frozenset({f"{fault.text('writes')} of {target.name}"}), hurts, needs)

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        self._obey("prepare")
        path = self.folder / "struck" / lease_id
        return Undo({"path": str(path)}, touches=(f"writes {path}",), by_hand=f"rm -f {path}")

    def inject(self, undo: Undo) -> None:
        is_late = self._obey("inject") == "late"
        path = _path(undo)
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_late:
            self._unhealed.touch()
            subprocess.run(
                ["/bin/sh", "-c", _LATE, "late", str(self._unhealed), str(path), str(self.folder / "late")], check=True
            )
            raise TargetUnfit("fake", "gave no answer")
        path.touch()

    def heal(self, undo: Undo) -> None:
        self._obey("heal")
        _path(undo).unlink(missing_ok=True)
        self._unhealed.unlink(missing_ok=True)

    def in_force(self, undo: Undo) -> Proof:
        if self._obey("in_force") == "no":
            return Proof(holds=False, seen="told not to be")
        there = _path(undo).exists()
        return Proof(there, f"its file is {'' if there else 'not '}there")

    def gone(self, undo: Undo) -> Proof:
        if self._obey("gone") == "no":
            return Proof(holds=False, seen="told not to be")
        there = _path(undo).exists()
        return Proof(not there, f"its file is {'' if there else 'not '}there")

    @property
    def _unhealed(self) -> Path:
        """There while a late request waits for the first heal."""
        return self.folder / "unhealed"

    def _obey(self, step: str) -> str:
        """What it was told, which the step itself does where it is to be late or to say no."""
        try:
            word, _, rest = (self.folder / "told" / step).read_text(encoding="utf-8").partition(" ")
        except FileNotFoundError:
            return ""
        match word:
            case "fail":
                raise TargetUnfit("fake", rest)
            case "crash":
                raise ZeroDivisionError(rest)
            case "exit":
                raise SystemExit(rest)
            case "hang":
                (self.folder / "hangs").touch()
                ends_s = time.monotonic() + float(rest)
                while self.hangs() and time.monotonic() < ends_s:
                    time.sleep(_LOOKS_EVERY_S)
        return word


def _path(undo: Undo) -> Path:
    return Path(str(undo.data["path"]))
