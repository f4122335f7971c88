"""Where something listens."""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """`127.0.0.1:21200`"""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """ValueError when it is not `host:port`."""
        host, colon, port = text.rpartition(":")
        if not colon or not host:
            raise ValueError(f"{text!r} is not host:port")
        if not (port.isascii() and port.isdigit() and 0 < int(port) <= HIGHEST_PORT):
            raise ValueError(f"{text!r} names no port: 1 to {HIGHEST_PORT}")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def on_loopback(port: int) -> Address:
    return Address(LOOPBACK, port)
