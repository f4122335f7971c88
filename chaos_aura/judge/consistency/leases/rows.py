"""Lines of a history as JSON values, thousands of them in one call."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

_BLOCK = 1 << 15  # of which all values fit a processor's cache


BLANK: Any = object()  # an empty line


class NotPlain(Exception):
    """Something that the quick way does not understand."""


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines, many at once; the last line of the file may have no end."""
    rest: list[bytes] = []
    while block := file.read(_BLOCK):
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join((*rest, block[:end]))
            rest = []
        rest.append(block[end:])
    if last := b"".join(rest):
        yield last


@dataclass
class Rows:
    """In order. A last line that is torn is left out, and told once all are through."""

    blocks: Iterable[bytes]
    is_torn: bool = False

    def __iter__(self) -> Iterator[list[Any]]:
        for block in self.blocks:
            if self.is_torn:
                raise NotPlain("a line that is no JSON, and others after it")
            count = block.count(b"\n") + (block[-1:] != b"\n")
            values = _together(block.removesuffix(b"\n").replace(b"\n", b","), count)
            yield self._one_by_one(block.split(b"\n")[:count]) if values is None else values

    def _one_by_one(self, lines: list[bytes]) -> list[Any]:
        values: list[Any] = []
        for number, line in enumerate(lines, 1):
            try:
                values.append(orjson.loads(line) if line.strip() else BLANK)
            except orjson.JSONDecodeError as cause:
                if number < len(lines):
                    raise NotPlain(str(cause)) from cause
                self.is_torn = True
        return values


def _together(listed: bytes, count: int) -> list[Any] | None:
    """None when it is not that many values."""
    try:
        values: list[Any] = orjson.loads(b"[" + listed + b"]")
    except orjson.JSONDecodeError:
        return None
    return values if len(values) == count else None
