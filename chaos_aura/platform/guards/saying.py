"""An exception in one short line, for events, logs and answers."""

_MOST = 200


def said(cause: BaseException) -> str:
    """Sample: ConnectionRefusedError: [Errno 111] Connection refused"""
    line = " ".join(f"{type(cause).__name__}: {cause}".split()).removesuffix(":")
    return line if len(line) <= _MOST else f"{line[: _MOST - 3]}..."
