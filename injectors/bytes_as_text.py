"""Bytes as an undo keeps them, which is JSON."""

import base64


def as_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def as_bytes(text: str) -> bytes:
    return base64.b64decode(text)
