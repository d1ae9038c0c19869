"""The lessons and questions of the city, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def _file() -> Mapping[str, Any]:
    text = (Path(__file__).parent / "data/study.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def lessons() -> Sequence[Mapping[str, Any]]:
    """Return the lessons: a title and a text in both languages each."""
    rows: Sequence[Mapping[str, Any]] = _file()["lessons"]
    return rows


def questions() -> Sequence[Mapping[str, Any]]:
    """Return the questions with their options and the right one."""
    rows: Sequence[Mapping[str, Any]] = _file()["questions"]
    return rows
