"""Everything people do on pages can be done through the JSON API, by the same actions: found in the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "minjing"
# What pages call and the API need not, each with its reason: a whole room, or one function.
PAGES_ONLY: dict[str, str] = yaml.safe_load(Path(__file__).with_name("pages_only.yaml").read_text(encoding="utf-8"))


def module_of(file: Path) -> str:
    """Return the dotted name of a source file."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    module_of(file): file for file in sorted(HOUSE.rglob("*.py")) if not {"tests", "migrations"} & set(file.parts)
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(SOURCES[module].read_text(encoding="utf-8"))


def is_api(module: str) -> bool:
    return module.startswith("minjing.portals.api") or ".views.api" in module


def is_pages(module: str) -> bool:
    return not is_api(module) and (module.startswith("minjing.portals.") or ".views" in module)


@cache
def imported(module: str) -> dict[str, str]:
    """Return what each name of ours in a module stands for."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minjing")
        for alias in node.names
    }


def home(function: str) -> str:
    """Return where a function is defined that a package hands on."""
    module, _, name = function.rpartition(".")
    onward = imported(module).get(name) if module in SOURCES else None
    return home(onward) if onward else function


def acts(module: str) -> Iterator[str]:
    """Yield the actions that a module uses."""
    names = imported(module)
    for node in ast.walk(tree(module)):
        used = ""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            used = f"{names[node.value.id]}.{node.attr}"
        elif isinstance(node, ast.Name):
            used = names.get(node.id, "")
        if ".actions" in used and used not in SOURCES and not used.rpartition(".")[2][0].isupper():
            yield home(used).removeprefix("minjing.")


def reason_for(action: str) -> str | None:
    """Return why an action is on pages alone, as said of it or of the room in which it stands."""
    while action:
        if action in PAGES_ONLY:
            return action
        action = action.rpartition(".")[0]
    return None


def test_what_pages_do_the_api_does():
    pages = {action for module in SOURCES if is_pages(module) for action in acts(module)}
    api = {action for module in SOURCES if is_api(module) for action in acts(module)}
    assert len(pages) > 150
    reasons = {action: reason_for(action) for action in pages - api}
    assert sorted(action for action, reason in reasons.items() if reason is None) == []
    assert sorted(set(PAGES_ONLY) - set(reasons.values())) == [], "a reason for nothing"
