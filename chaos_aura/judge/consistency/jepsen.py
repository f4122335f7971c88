"""Histories as Jepsen keeps them, a JSON object a line:

    {"process": 3, "type": "invoke", "f": "acquire", "value": {"owner": "r1"}, "key": "a100-0", "time": 81204113203377}

`type` is invoke, ok, fail or info. `time` and `key` are optional; without times the order of lines is the order. Lines
of processes that are no client (their `process` is no number: `"nemesis"`) are passed over. Other fields are ignored,
but for `error`, which may tell why an operation failed.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from chaos_aura.core.errors import BadInput
from chaos_aura.judge.consistency.op import End, Op, frozen, told

_REMEDY = "put the line right; docs/consistency.md shows the format"
_TYPES = frozenset(("invoke", "ok", "fail", "info"))


@dataclass(frozen=True)
class Read:
    """In the order of their invocations; `notes`: what was passed over."""

    ops: tuple[Op, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Line:
    number: int
    process: int
    type: str
    f: str
    value: Any
    key: Hashable
    time: int | None
    error: str


def read_ops(lines: Iterable[bytes], where: str) -> Read:
    """BadInput names the line that cannot be understood. A last line that is torn is passed over and told."""
    reader = _Reader(where)
    for line in ordered(parsed(lines, where, reader), where):
        reader.take(line)
    return reader.done()


def parsed(lines: Iterable[bytes], where: str, notes: "_Reader") -> Iterator[Line]:
    """What cannot be read is refused only when another line follows: its writer may have died."""
    broken: BadInput | None = None
    for number, content in enumerate(lines, 1):
        if broken:
            raise broken
        if not content.strip():
            continue
        try:
            row = orjson.loads(content)
        except orjson.JSONDecodeError as cause:
            broken = refusal(where, number, f"is not JSON ({cause})")
            continue
        line = _line(row, number, where)
        if line is None:
            notes.skipped += 1
        else:
            yield line
    notes.is_torn = broken is not None


def ordered(lines: Iterable[Line], where: str) -> Iterable[Line]:
    """By time where there are times; those of one time in the order of lines."""
    known = list(lines)
    without = next((each for each in known if each.time is None), None)
    if without is None:
        return sorted(known, key=lambda each: each.time)  # type: ignore[arg-type,return-value]
    timed = next((each for each in known if each.time is not None), None)
    if timed is not None:
        raise refusal(where, without.number, f"has no `time`, and line {timed.number} has one")
    return known


def notes(is_torn: bool, skipped: int) -> Iterator[str]:
    if is_torn:
        yield "the last line is torn, and was passed over"
    if skipped:
        yield f"{skipped} {'line' if skipped == 1 else 'lines'} of no client passed over"


def refusal(where: str, number: int, why: str) -> BadInput:
    return BadInput(f"{where}, line {number}", why, _REMEDY)


def _line(row: Any, number: int, where: str) -> Line | None:
    if not isinstance(row, dict):
        raise refusal(where, number, f"is no object, but {type(row).__name__}")
    for name in ("process", "type", "f"):
        if name not in row:
            raise refusal(where, number, f"has no `{name}`")
    process = row["process"]
    if isinstance(process, str):
        return None
    if not isinstance(process, int) or isinstance(process, bool):
        raise refusal(where, number, f"`process` is neither a whole number of 64 bits nor a name: {process!r}")
    if not isinstance(row["type"], str) or row["type"] not in _TYPES:
        raise refusal(where, number, f"`type` is {row['type']!r}; there are invoke, ok, fail and info")
    if not isinstance(row["f"], str) or not row["f"]:
        raise refusal(where, number, f"`f` is no name: {row['f']!r}")
    time = row.get("time")
    if time is not None and (not isinstance(time, int) or isinstance(time, bool)):
        raise refusal(where, number, f"`time` is no whole number of nanoseconds: {time!r}")
    error = row.get("error")
    said = error if isinstance(error, str) else told(error)
    return Line(number, process, row["type"], row["f"], row.get("value"), frozen(row.get("key")), time, said)


@dataclass
class _Reader:
    where: str
    is_torn: bool = False
    skipped: int = 0
    _open: dict[int, tuple[int, Line]] = field(default_factory=dict)
    _ops: list[Op] = field(default_factory=list)
    _position: int = 0

    def take(self, line: Line) -> None:
        self._position += 2  # odd ones are free for what happens by itself between two lines
        if line.type == "invoke":
            before = self._open.get(line.process)
            if before is not None:
                why = f"process {line.process} is still busy with what it began in line {before[1].number}"
                raise refusal(self.where, line.number, why)
            self._open[line.process] = (self._position, line)
            return
        if line.process not in self._open:
            raise refusal(self.where, line.number, f"ends what process {line.process} never began")
        position, began = self._open.pop(line.process)
        self._refuse_another(began, line)
        self._ops.append(self._op(position, began, line))

    def done(self) -> Read:
        """What was still under way at the end may have happened or not."""
        for position, began in self._open.values():
            self._ops.append(self._op(position, began, None))
        self._ops.sort(key=lambda each: each.invoked)
        return Read(tuple(self._ops), tuple(notes(self.is_torn, self.skipped)))

    def _refuse_another(self, began: Line, ended: Line) -> None:
        if began.f != ended.f:
            why = f"ends `{ended.f}`, and process {ended.process} began `{began.f}` in line {began.number}"
            raise refusal(self.where, ended.number, why)
        if ended.key is not None and ended.key != began.key:
            raise refusal(self.where, ended.number, f"has another `key` than line {began.number}, where it began")
        if began.time is not None and ended.time is not None and ended.number < began.number:
            raise refusal(self.where, ended.number, f"comes before line {began.number}, where it began")

    def _op(self, position: int, began: Line, ended: Line | None) -> Op:
        end = End(ended.type) if ended else End.INFO
        is_over = ended is not None and end is not End.INFO
        return Op(
            f=began.f,
            process=str(began.process),
            asked=began.value,
            answered=ended.value if ended else None,
            end=end,
            invoked=position,
            ended=self._position if is_over else None,
            key=began.key,
            error=ended.error if ended else "",
            line=began.number,
            end_line=ended.number if ended else None,
            invoked_ns=began.time,
            ended_ns=ended.time if ended and is_over else None,
        )
