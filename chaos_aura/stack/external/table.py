"""One table of `chaos-aura.toml`, read strictly: what is half understood would aim faults at the wrong thing."""

import ipaddress
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.address import Address
from chaos_aura.core.errors import BadInput

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Table:
    """`where`: `chaos-aura.toml, [services.cache]`"""

    where: str
    row: Mapping[str, Any]

    @classmethod
    def of(cls, file: str, name: str, row: object) -> "Table":
        if not isinstance(row, dict):
            raise BadInput(
                f"{file}, {' '.join(name.split())[:_LONGEST]}", f"is no table but {_shown(row)}", f"write: [{name}]"
            )
        return cls(f"{file}, [{' '.join(name.split())[:_LONGEST]}]", row)

    def refuse_unknown(self, *known: str) -> None:
        for key in self.row:
            if key not in known:
                raise BadInput(f"{self.where} {key}", "means nothing", f"known are: {', '.join(known)}")

    def text(self, key: str, example: str) -> str:
        """One that must be there."""
        if key not in self.row:
            raise BadInput(f"{self.where} {key}", "is missing", f"write such as: {key} = {example}")
        return self.text_or_none(key, example)

    def text_or_none(self, key: str, example: str) -> str:
        """Empty where it is not there."""
        value = self.row.get(key, "")
        if not isinstance(value, str) or (key in self.row and not value.strip()):
            raise self.wrong(key, f"write a text, such as: {key} = {example}")
        return value

    def name(self, key: str, allowed: re.Pattern[str], example: str) -> str:
        """Empty where it is not there."""
        value = self.text_or_none(key, example)
        if value and not allowed.match(value):
            raise self.wrong(key, f"write such as: {key} = {example}")
        return value

    def word(self, key: str, words: Collection[str]) -> str:
        value = self.text(key, f'"{next(iter(words))}"')
        if value not in words:
            raise self.wrong(key, f"there are: {', '.join(words)}")
        return value

    def texts(self, key: str, example: str) -> tuple[str, ...]:
        value = self.row.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise self.wrong(key, f"write a list of texts, such as: {key} = {example}")
        return tuple(value)

    def address(self, key: str, allowed_hosts: Collection[str]) -> Address:
        """Faults and pings stay on this machine, unless somebody says otherwise in as many words."""
        text = self.text(key, '"127.0.0.1:6379"')
        try:
            address = Address.parse(text)
        except ValueError as cause:
            raise BadInput(f"{self.where} {key}", str(cause), "write such as: 127.0.0.1:6379") from cause
        if not (is_loopback(address.host) or address.host in allowed_hosts):
            why = f"{text} is not on this machine's loopback, and nobody has allowed {address.host}"
            remedy = f'publish its port on 127.0.0.1, or write in [stack]: allow_hosts = ["{address.host}"]'
            raise BadInput(f"{self.where} {key}", why, remedy)
        return address

    def wrong(self, key: str, remedy: str) -> BadInput:
        return BadInput(f"{self.where} {key}", f"is {_shown(self.row[key])}", remedy)


def is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _shown(value: object) -> str:
    return repr(value)[:_LONGEST]
