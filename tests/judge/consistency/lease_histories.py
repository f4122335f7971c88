"""Histories of leases as a right service writes them, with many at once."""

import random
from dataclasses import dataclass, field
from typing import Any

import orjson

type Row = dict[str, Any]

_STEP_NS = 1000
_GONE = 100  # processes that never came back have numbers from here on


@dataclass(frozen=True)
class Wanted:
    operations: int = 40
    processes: int = 4
    things: int = 3
    at_once: int = 1  # things of one lease, at most
    unsure: float = 0.0  # the share of answers that never came
    looks: bool = True  # who has a thing is read, too
    counts: bool = False  # some are asked for by number, of a total that is known
    expires: bool = False


@dataclass
class _Doing:
    f: str
    owner: str = ""
    value: Row | None = None
    key: str | None = None
    has_acted: bool = False
    end: Row = field(default_factory=dict)


class Service:
    """Does everything at one moment, right."""

    def __init__(self, wanted: Wanted, some: random.Random) -> None:
        self._names = [f"g-{number}" for number in range(wanted.things)]
        self._some = some
        self._held: dict[str, tuple[str, int]] = {}
        self._token = 0

    def act(self, doing: _Doing, now_ns: int) -> None:
        self._held = {key: held for key, held in self._held.items() if held[1] >= now_ns}
        doing.has_acted = True
        doing.end = getattr(self, f"_{doing.f}")(doing, now_ns)

    def _acquire(self, doing: _Doing, now_ns: int) -> Row:
        value = doing.value or {}
        free = [name for name in self._names if name not in self._held]
        if "count" in value:
            if len(free) < value["count"]:
                return {"type": "fail", "error": "no_capacity"}
            keys = self._some.sample(free, value["count"])
        else:
            keys = value["keys"]
            if not set(keys) <= set(free):
                return {"type": "fail", "error": "busy"}
        self._token += 1
        told: Row = {"keys": keys, "token": self._token}
        until_ns = 1 << 62
        if "ttl" in value:
            until_ns = told["expires"] = now_ns + value["ttl"]
        self._held.update(dict.fromkeys(keys, (doing.owner, until_ns)))
        return {"type": "ok", "value": told}

    def _release(self, doing: _Doing, now_ns: int) -> Row:
        mine = [key for key, held in self._held.items() if held[0] == doing.owner]
        for key in mine:
            del self._held[key]
        return {"type": "ok"} if mine else {"type": "fail", "error": "not_held"}

    def _read(self, doing: _Doing, now_ns: int) -> Row:
        return {"type": "ok", "value": self._held.get(doing.key or "", (None, 0))[0]}


class _World:
    def __init__(self, wanted: Wanted, some: random.Random) -> None:
        self._wanted = wanted
        self._some = some
        self._service = Service(wanted, some)
        self._doing: dict[int, _Doing] = {}
        self._has: dict[int, str] = {}
        self._begun = 0
        self.rows: list[Row] = []

    def run(self) -> list[Row]:
        processes = list(range(self._wanted.processes))
        while self._begun < self._wanted.operations or self._doing:
            number = self._some.randrange(len(processes))
            process = processes[number]
            doing = self._doing.get(process)
            if doing is None:
                if self._begun < self._wanted.operations:
                    self._begin(process)
            elif not doing.has_acted and self._some.random() > self._wanted.unsure / 2:
                self._service.act(doing, len(self.rows) * _STEP_NS)
            else:
                self._end(process, doing)
                if self.rows[-1]["type"] == "info":  # whoever hears nothing begins anew
                    processes[number] = _GONE + len(self.rows)
                    if process in self._has:
                        self._has[processes[number]] = self._has.pop(process)
        return self.rows

    def _begin(self, process: int) -> None:
        self._begun += 1
        doing = self._next_of(process)
        self._doing[process] = doing
        self._write({"process": process, "type": "invoke", "f": doing.f, "value": doing.value}, doing.key)

    def _end(self, process: int, doing: _Doing) -> None:
        del self._doing[process]
        is_unsure = not doing.has_acted or self._some.random() < self._wanted.unsure / 2
        end = {"type": "info"} if is_unsure else doing.end
        self._write({"process": process, "type": "info", "f": doing.f, "value": doing.value, **end}, doing.key)
        if doing.f == "acquire" and (end["type"] == "ok" or (is_unsure and self._some.random() < 0.5)):
            self._has[process] = doing.owner

    def _next_of(self, process: int) -> _Doing:
        if process in self._has and self._some.random() < 0.6:
            owner = self._has.pop(process)
            return _Doing("release", owner, {"owner": owner})
        if self._wanted.looks and self._some.random() < 0.25:
            return _Doing("read", key=f"g-{self._some.randrange(self._wanted.things)}")
        owner = f"r{self._begun}"
        many = self._some.randint(1, min(self._wanted.at_once, self._wanted.things))
        value: Row = {"owner": owner, "kind": "g"}
        if self._wanted.counts and self._some.random() < 0.5:
            value["count"] = many
        else:
            value["keys"] = [f"g-{number}" for number in self._some.sample(range(self._wanted.things), many)]
        if self._wanted.expires:
            value["ttl"] = self._some.randrange(1, 40) * _STEP_NS
        return _Doing("acquire", owner, value)

    def _write(self, row: Row, key: str | None) -> None:
        self.rows.append(row if key is None else {**row, "key": key})


def history(wanted: Wanted, seed: int) -> list[Row]:
    """Without times."""
    return _World(wanted, random.Random(seed)).run()


def content(rows: list[Row]) -> bytes:
    timed = ({**row, "time": at * _STEP_NS} for at, row in enumerate(rows))
    return b"".join(orjson.dumps(row) + b"\n" for row in timed)
