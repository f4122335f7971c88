"""What goes into a step and comes out of it, in short: one JSON object of at most some hundred characters."""

from collections.abc import Mapping

from chaos_aura.platform.observe.encoding import as_json

_WHOLE = 600
_EACH = 120


def short_json(values: Mapping[str, object]) -> str:
    """Still JSON when it had to be shortened: then the long values are, as texts."""
    whole = _dumped(values)
    if len(whole) <= _WHOLE:
        return whole
    return _dumped({key: _shortened(value) for key, value in list(values.items())[: _WHOLE // _EACH]})


def _shortened(value: object) -> object:
    text = value if isinstance(value, str) else _dumped(value)
    return value if len(text) <= _EACH else f"{text[:_EACH]}..."


def _dumped(value: object) -> str:
    return as_json(value).decode("utf-8")
