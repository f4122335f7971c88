"""Keeps secrets out of whatever a run writes: values that the experiment calls secret, and passwords in addresses."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HIDDEN = "***"
_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)")
_SHORTEST = 3  # a shorter one would be found in half of all words


class Secrecy:
    def __init__(self, secrets: Mapping[str, Any] | None) -> None:
        values = {value for value in _texts(secrets or {}) if len(value) >= _SHORTEST}
        # The longest first: a secret may be the beginning of another one.
        forms = {form for value in values for form in (value, json.dumps(value)[1:-1])}  # as JSON writes it, too
        found = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        self._values = re.compile(found) if found else None
        self._exact = values

    def hide(self, text: str) -> str:
        hidden = _PASSWORD.sub(rf"\1{HIDDEN}\2", text)
        return self._values.sub(HIDDEN, hidden) if self._values else hidden

    def scrub(self, value: Any) -> Any:
        """A copy of JSON with every text in it hidden, and every number that is a secret."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return HIDDEN if str(value) in self._exact else value
        if isinstance(value, Mapping):
            return {self.scrub(key): self.scrub(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.scrub(each) for each in value]
        return value

    def clean(self, folder: Path) -> None:
        """What others have written there: the engine tells a fault's parameters, a service logs what it was asked."""
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                text = path.read_text(encoding="utf-8", errors="surrogateescape")
                if (hidden := self.hide(text)) != text:
                    path.write_text(hidden, encoding="utf-8", errors="surrogateescape")

    def declared(self, value: Any) -> Any:
        """The `secrets` of an experiment: where they come from may be read, what they are may not."""
        if not isinstance(value, Mapping):
            return HIDDEN
        if "type" in value:
            return {key: HIDDEN if key == "default" else self.scrub(each) for key, each in value.items()}
        return {key: self.declared(each) for key, each in value.items()}


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
