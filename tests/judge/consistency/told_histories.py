"""Histories written down in a line each, for tests."""

import orjson

from chaos_aura.judge.consistency.jepsen import read_ops
from chaos_aura.judge.consistency.op import Op


def content(*lines: str) -> bytes:
    """`content("1 invoke write 3", "1 ok write 3")`: process, type, function, value, and perhaps an error."""
    return b"".join(_line(line) + b"\n" for line in lines)


def ops(*lines: str) -> tuple[Op, ...]:
    return read_ops(content(*lines).splitlines(), "told").ops


def _line(line: str) -> bytes:
    process, what, function, *rest = line.split(" ", 3)
    value, _, error = (rest[0] if rest else "null").partition(" !")
    f, _, key = function.partition("@")
    row = {"process": int(process), "type": what, "f": f, "value": orjson.loads(value)}
    return orjson.dumps(row | ({"key": key} if key else {}) | ({"error": error} if error else {}))
