"""No two shapes of the JSON API have one name: its description would know only the one that came last."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2] / "minjing"


def test_no_two_shapes_have_one_name():
    rooms = [*HOUSE.glob("portals/api/**/*.py"), *HOUSE.glob("modules/*/views/api/*.py")]
    rooms += HOUSE.glob("modules/*/views/*api*.py")
    names = Counter(
        node.name
        for file in {room for room in rooms if "tests" not in room.parts}
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith(("In", "Out"))
    )
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1] == []
