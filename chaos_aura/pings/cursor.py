"""Reading bytes from left to right, and saying so when they make no sense."""

import struct

from chaos_aura.pings.refusal import Garbled

MORE_FOLLOW = 0x80


class Cursor:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def at_end(self) -> bool:
        return self._position == len(self._data)

    def take(self, size: int) -> bytes:
        end = self._position + size
        if size < 0 or end > len(self._data):
            raise Garbled(f"its answer ends where {size} more bytes should follow")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big", signed=True)

    def double(self) -> float:
        number: float = struct.unpack(">d", self.take(8))[0]
        return number

    def text(self, size: int) -> str:
        return as_text(self.take(size))

    def varint(self) -> int:
        """Base 128, least significant group first: Kafka's and Protobuf's unsigned form."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.unsigned(1)
            value |= (byte & 0x7F) << shift
            if not byte & MORE_FOLLOW:
                return value
        raise Garbled("its answer holds a number without end")


def as_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Garbled("its answer holds text that is not UTF-8") from None
