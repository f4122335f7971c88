"""A soft limit of a process and of all that belongs to it: lowered, and given back where it is still ours.

What a process starts meanwhile inherits the limit, and is healed as the process itself.
"""

from collections.abc import Mapping
from typing import Any

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, Undo, no
from chaos_aura.core.process import ProcessId
from injectors.limits.effect import open_files, survives_file_size_limit, written_files
from injectors.limits.resource_limit import FILE_SIZE, OPEN_FILES, ResourceLimit, is_at_most, shown
from injectors.supervised.family import described, family_of
from injectors.supervised.service import end_of

_KB = 1024
LIMITS = {"fd_limit": OPEN_FILES, "file_size_limit": FILE_SIZE}
_DEADLY = "neither ignores nor catches SIGXFSZ: its first write beyond the limit would kill it"
_INSTEAD = "use disk_full or kill"
Data = Mapping[str, Any]


def capability(fault: Fault, main: ProcessId) -> Capability:
    """Whether a process would survive it."""
    if fault.kind == "file_size_limit" and main.is_alive() and not survives_file_size_limit(main):
        return no(f"{fault.target} {_DEADLY}", _INSTEAD)
    return YES


def prepared(fault: Fault, main: ProcessId) -> Undo:
    limit, wanted = LIMITS[fault.kind], _wanted(fault)
    family = [main, *(process for process in family_of(main) if process != main)]
    former = {process: found for process in family if (found := limit.of(process))}
    if main not in former:
        raise end_of(main, fault.target)
    for process, (soft, hard) in former.items():
        _refuse_unfit(fault, process, wanted, soft, hard)
    data = {
        "kind": fault.kind,
        "service": fault.target,
        "soft": wanted,
        "former": [[str(process), soft] for process, (soft, _) in former.items()],
    }
    touches = tuple(f"{limit.name} of process {p.pid}: {shown(s)} -> {wanted}" for p, (s, _) in former.items())
    by_hand = "; ".join(limit.by_hand(process, soft) for process, (soft, _) in former.items())
    return Undo(data, touches, by_hand)


def lower(data: Data) -> None:
    limit, former = _read(data)
    for process in former:
        if not limit.set_soft(process, data["soft"]) and process == _main(former):
            raise end_of(process, data["service"])


def give_back(data: Data) -> None:
    limit, former = _read(data)
    for process in _limited(data):
        limit.set_soft(process, former.get(process, former[_main(former)]))


def in_force(data: Data) -> Proof:
    limit, former = _read(data)
    main, wanted = _main(former), data["soft"]
    family = family_of(main)
    if not family:
        return Proof(False, f"process {main.pid} is dead")
    read = {process: found[0] for process in family if (found := limit.of(process))}
    free = [process for process, soft in read.items() if soft != wanted]
    if free or not read:
        return Proof(False, f"{limit.name} of {described(free)} is {', '.join(shown(read[p]) for p in free)}")
    effect, facts = _effect(data["kind"], main, wanted)
    return Proof(True, f"{limit.name} of {described(read)} reads {wanted}; {effect}", facts)


def gone(data: Data) -> Proof:
    limit, former = _read(data)
    if left := _limited(data):
        return Proof(False, f"{limit.name} of {described(left)} is still {data['soft']}")
    read = {process: found[0] for process in former if (found := limit.of(process))}
    if not read:
        return Proof(True, f"{described(former)}: dead, and the limit with it")
    return Proof(True, "; ".join(f"{limit.name} of process {p.pid} reads {shown(s)}" for p, s in read.items()))


def _wanted(fault: Fault) -> int:
    return int(fault.number("limit")) if fault.kind == "fd_limit" else int(fault.number("limit_kb")) * _KB


def _refuse_unfit(fault: Fault, process: ProcessId, wanted: int, soft: int, hard: int) -> None:
    name, where = LIMITS[fault.kind].name, fault.target
    if not is_at_most(wanted, hard):
        raise TargetUnfit(where, f"{name} may be {hard} at most, not {wanted}", "ask for less")
    if is_at_most(soft, wanted):
        raise TargetUnfit(where, f"{name} is {shown(soft)} already, so {wanted} would take nothing", "ask for less")
    if fault.kind == "file_size_limit" and not survives_file_size_limit(process):
        raise TargetUnfit(where, f"process {process.pid} {_DEADLY}", _INSTEAD)


def _effect(kind: str, process: ProcessId, wanted: int) -> tuple[str, dict[str, int]]:
    if kind == "fd_limit":
        are_open, more = open_files(process, wanted)
        seen = f"{are_open} are open, {more or 'none'} more can be opened"
        return seen, {"soft": wanted, "open": are_open, "can_be_opened": more}
    written, full = written_files(process, wanted)
    seen = f"{full} of {written} files that it writes have reached that"
    return seen, {"soft": wanted, "written_files": written, "full_files": full}


def _read(data: Data) -> tuple[ResourceLimit, dict[ProcessId, int]]:
    return LIMITS[data["kind"]], {ProcessId.parse(text): int(soft) for text, soft in data["former"]}


def _main(former: Mapping[ProcessId, int]) -> ProcessId:
    """The service itself is recorded first."""
    return next(iter(former))


def _limited(data: Data) -> list[ProcessId]:
    """Those that live and read our value: another one is somebody else's by now."""
    limit, former = _read(data)
    meant = dict.fromkeys([*former, *family_of(_main(former))])
    return [process for process in meant if (found := limit.of(process)) and found[0] == data["soft"]]
