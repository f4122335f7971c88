"""What the engine asks of the flags.

A process looks at the file when it uses a flag, 50 ms after its last look at the earliest, and tells a change in its
log. One that is idle says nothing until it is used: for it, what the file says is all that can be observed.
"""

import shlex
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from chaos_aura.core.catalogue import DOCKER, Edge, Target
from chaos_aura.core.errors import StackDown, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.faults.ground import Ground
from injectors.flags import names
from injectors.flags.change import Change
from injectors.flags.document import changing, read
from injectors.flags.heard import TOOK_IT, heard, is_member

_FAIL, _SLOW, _SET = "fail_agent", "slow_agent", "set_flag"


class FlagsInjector:
    name: ClassVar[str] = "flags"
    kinds: ClassVar[frozenset[str]] = frozenset({_FAIL, _SLOW, _SET})
    settle_s: ClassVar[float] = 0.1

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    @property
    def _path(self) -> Path:
        """Containers see what lies beside their configuration, and nothing else of the stack's folder."""
        with suppress(StackDown):
            if self._ground.catalogue.stack == DOCKER:
                return self._ground.home / "config" / names.FILE
        return self._ground.home / names.FILE

    def can(self, fault: Fault, target: Target) -> Capability:
        if isinstance(target, Edge) or not is_member(target.name):
            return no(f"{target.name} has no flags", "name a process of the platform: api, worker or projection")
        if fault.kind != _SET and not target.name.startswith("worker"):
            return no(f"{target.name} asks no council", "name worker: it does")
        if not (self._ground.home / "config" / target.name).is_dir():
            return no(f"the flags of {target.name} are not on this machine", "use the local stack: chaos-aura up")
        return YES

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """Each agent by itself, so that two of them may fail at once."""
        flag, agent = _flag_of(fault), _agent_of(fault)
        if agent:
            return Footprint(frozenset({f"flag {flag} of {agent}"}))
        if flag in (names.FAILING, names.DELAYS):
            return Footprint(frozenset(f"flag {flag} of {each}" for each in names.AGENTS))
        return Footprint(frozenset({f"flag {flag}"}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        change = self._planned(fault, target)
        if change.changes_nothing():
            raise TargetUnfit("flags", f"{change.says()} already: nothing would change", "ask for something else")
        data = {
            "lease": lease_id,
            "path": str(self._path),
            "folder": str(self._ground.folder),
            "logs": str(self._ground.home / "logs"),
            "since": time.time(),
            "keep_empty": read(self._path) == {},
            "change": change.to_dict(),
        }
        touches = f"{self._path} says {change.says()}, to every process of the platform"
        return Undo(data, (touches,), _by_hand(self._path, change))

    def inject(self, undo: Undo) -> None:
        change = Change.from_dict(undo.data["change"])
        with self._changing(undo) as document:
            if document.get(change.flag, change.otherwise) != change.before and not change.agent:
                raise TargetUnfit("flags", f"{change.flag} was changed meanwhile", "look who does, and try again")
            change.make(document)
        _until_all_look_again()

    def heal(self, undo: Undo) -> None:
        change = Change.from_dict(undo.data["change"])
        if not change.is_ours(read(Path(undo.data["path"])) or {}):
            return
        with self._changing(undo) as document:
            if change.is_ours(document):
                change.unmake(document)
        _until_all_look_again()

    def in_force(self, undo: Undo) -> Proof:
        change = Change.from_dict(undo.data["change"])
        if not change.is_ours(read(Path(undo.data["path"])) or {}):
            return Proof(False, f"{names.FILE} does not say {change.says()}")
        said = heard(Path(undo.data["logs"]), change, undo.data["since"])
        refused = {name: word for name, word in said.items() if word != TOOK_IT}
        if refused:
            return Proof(False, "; ".join(f"{name} {word}" for name, word in refused.items()), {"heard": said})
        return Proof(True, f"{names.FILE} says {change.says()}; {_who(said)}", {"heard": said})

    def gone(self, undo: Undo) -> Proof:
        change = Change.from_dict(undo.data["change"])
        document = read(Path(undo.data["path"]))
        if change.is_ours(document or {}):
            return Proof(False, f"{names.FILE} still says {change.says()}")
        if document is None:
            return Proof(True, f"there is no {names.FILE}: the platform's own settings hold")
        return Proof(True, f"{names.FILE} does not say {change.says()}", {"flag": document.get(change.flag)})

    def _planned(self, fault: Fault, target: Target) -> Change:
        flag, agent = _flag_of(fault), _agent_of(fault)
        if agent:
            names.refuse_unknown_agent(f"{fault.kind}, agent", agent)
        value = _value_of(fault)
        document = read(self._path) or {}
        otherwise = names.in_environment(flag, self._environment_of(target.name))
        return Change(flag, agent, value, flag in document, document.get(flag), otherwise)

    def _environment_of(self, member: str) -> Mapping[str, str]:
        """With which its process was started. Empty when none runs: then the defaults hold."""
        process = self._ground.process_of(member)
        if process is None:
            return {}
        try:
            told = Path(f"/proc/{process.pid}/environ").read_bytes()
        except OSError:
            return {}
        pairs = (each.partition("=") for each in told.decode("utf-8", errors="replace").split("\0"))
        return {name: value for name, _, value in pairs}

    def _changing(self, undo: Undo) -> Any:
        path, folder = Path(undo.data["path"]), Path(undo.data["folder"])
        return changing(path, folder, keep_empty=undo.data["keep_empty"])


def _flag_of(fault: Fault) -> str:
    return {_FAIL: names.FAILING, _SLOW: names.DELAYS}.get(fault.kind) or fault.text("flag")


def _agent_of(fault: Fault) -> str:
    return "" if fault.kind == _SET else fault.text("agent")


def _value_of(fault: Fault) -> Any:
    if fault.kind == _SET:
        return names.read(fault.text("flag"), fault.text("value"))
    return True if fault.kind == _FAIL else float(fault.number("delay_s"))


def _until_all_look_again() -> None:
    """There is nothing to await: nobody tells that he would look now."""
    time.sleep(names.LOOKS_EVERY_S)


def _who(said: Mapping[str, str]) -> str:
    if not said:
        return "no process has used a flag since: each looks when it next does (read back, not observed)"
    return f"{', '.join(said)} said so; any other looks when it next uses a flag"


def _by_hand(path: Path, change: Change) -> str:
    """As it was when this was planned."""
    undo = f"d.update({{{change.flag!r}: {change.former!r}}})" if change.is_in_file else f"d.pop({change.flag!r}, 0)"
    code = f"import json, pathlib; p = pathlib.Path({str(path)!r}); d = json.loads(p.read_text()); {undo}"
    return f"python -c {shlex.quote(f'{code}; p.write_text(json.dumps(d))')}"
