"""The command that a person types when nothing else heals: each undo of ours is made with one."""

import ast
from collections.abc import Iterator
from pathlib import Path

from injectors import store

_AT = 2  # Undo(data, touches, by_hand)


def undos() -> Iterator[tuple[str, ast.Call]]:
    """Where one is made: `injectors/stress/disk.py:64`."""
    root = Path(store.__file__).parent
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Undo":
                yield f"{path.relative_to(root.parent)}:{node.lineno}", node


def tells_by_hand(undo: ast.Call) -> bool:
    given = [*undo.args[_AT:], *(each.value for each in undo.keywords if each.arg == "by_hand")]
    return bool(given) and not (isinstance(given[0], ast.Constant) and not given[0].value)


def test_every_undo_of_ours_is_made_with_what_a_person_can_type() -> None:
    made = dict(undos())
    assert len(made) > 10
    assert [where for where, undo in made.items() if not tells_by_hand(undo)] == []
