"""Each shape of the JSON API has a name of its own: of two with one name the description shows one."""

import ast
from collections import Counter
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2] / "minjing"


def classes() -> list[str]:
    """Return the names of the classes in the rooms of the API, of portals and modules."""
    files = [*HOUSE.glob("portals/api/**/*.py"), *HOUSE.glob("modules/*/views/api/*.py")]
    files += HOUSE.glob("modules/*/views/api.py")
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files if "tests" not in file.parts]
    return [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def test_no_two_shapes_have_the_same_name():
    assert len(classes()) > 50
    assert [name for name, many in Counter(classes()).items() if many > 1] == []
