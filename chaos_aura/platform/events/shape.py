"""The shape of an event: its fields by name, the type of each, and whether readers need it.

Written down as JSON it is the recorded schema; read from the class it tells the codec what to accept.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

from chaos_aura.platform.model import Event


class FieldType(StrEnum):
    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    YES_OR_NO = "yes or no"
    TEXTS = "list of texts"


@dataclass(frozen=True, slots=True)
class FieldShape:
    """Sample: {"type": "number", "or_null": true, "required": false}"""

    type: FieldType
    or_null: bool
    required: bool


type Shape = Mapping[str, FieldShape]


def shape_of(kind: type[Any]) -> Shape:
    """Of a dataclass."""
    hints = get_type_hints(kind)
    return {each.name: _field_shape(each, hints[each.name]) for each in fields(kind)}


def violations(recorded: Shape, now: Shape) -> list[str]:
    """What readers or writers of the recorded schema would stumble over. A new optional field is none."""
    found = [f"{name}: removed" for name in recorded.keys() - now.keys()]
    for name, field in now.items():
        before = recorded.get(name)
        if before is None and field.required:
            found.append(f"{name}: new, and required: events written before do not have it")
        elif before is not None and (before.type, before.or_null) != (field.type, field.or_null):
            found.append(f"{name}: was {_typed(before)}, is {_typed(field)}")
        elif before is not None and field.required and not before.required:
            found.append(f"{name}: was optional, is required")
    return sorted(found)


def unrecorded(recorded: Shape, now: Shape) -> list[str]:
    """New optional fields, which are legal and have to be written down."""
    return sorted(name for name, field in now.items() if name not in recorded and not field.required)


def _field_shape(field: Field[Any], hint: Any) -> FieldShape:
    kinds = set(get_args(hint)) if isinstance(hint, types.UnionType) else {hint}
    or_null = types.NoneType in kinds
    (kind,) = kinds - {types.NoneType}
    required = field.default is MISSING and field.default_factory is MISSING
    return FieldShape(_field_type(kind), or_null, required)


def _field_type(kind: Any) -> FieldType:
    if get_origin(kind) is tuple and get_args(kind) == (str, ...):
        return FieldType.TEXTS
    if isinstance(kind, type) and issubclass(kind, str):
        return FieldType.TEXT
    return {bool: FieldType.YES_OR_NO, int: FieldType.WHOLE, float: FieldType.NUMBER}[kind]


def _typed(field: FieldShape) -> str:
    return field.type + (" or null" if field.or_null else "")


EVENT_SHAPE = shape_of(Event)
