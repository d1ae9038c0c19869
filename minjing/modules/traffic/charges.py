"""What is charged by a table and not by a fixed price: test fees, and charges that stand on a person's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from minjing.kernel.matters.schema import Text
from minjing.kernel.pay.rules.amounts import Item, Waiver
from minjing.modules.traffic.models import FileEntry
from minjing.modules.traffic.queries.files import said

Bill = tuple[Sequence[Item], Sequence[Waiver]]
SUBJECTS = {
    "one": ("科目一考试费", "Test fee, subject 1"), "two": ("科目二考试费", "Test fee, subject 2"),
    "three": ("科目三道路考试费", "Test fee, subject 3"), "four": ("安全文明常识考试费", "Test fee, knowledge"),
}  # fmt: skip


@cache
def _table() -> Mapping[str, Any]:
    path = Path(__file__).parent / "data/fees.yaml"
    found: Mapping[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def test_fee(person_id: UUID, answers: Mapping[str, Any], now: datetime) -> Bill:
    """Return the bill of a test, by its subject."""
    row, subject = _table()["test_fee"], str(answers["subject"])
    zh, en = SUBJECTS[subject]
    basis = {"law": "考试费标准", "article": "", "confidence": row["confidence"], "note": row["basis"]}
    return [Item(f"test_{subject}", {"zh": zh, "en": en}, row["fen"][subject], basis)], []


def charge(person_id: UUID, answers: Mapping[str, Any], now: datetime) -> Bill:
    """Return the bill of a charge that stands on the person's file, by its number."""
    row = open_charge(person_id, str(answers["charge_no"]))
    if row is None:
        return [], []
    words = said(row)
    basis = {"law": "平台规则", "article": "", "confidence": "C", "note": "缴款通知"}
    return [Item("charge", {"zh": words["zh"], "en": words["en"]}, int(words["fen"]), basis)], []


def open_charge(person_id: UUID, number: str) -> FileEntry | None:
    """Return the charge with this number that the person has not paid yet."""
    return FileEntry.objects.filter(
        kind="charge", person_id=person_id, subject=number.strip(), ended_at__isnull=True
    ).first()  # fmt: skip


class Table:
    """One table as the engine asks it, with its prices for the guide."""

    def __init__(self, bill: Callable[[UUID, Mapping[str, Any], datetime], Bill], listed: Sequence[tuple[Text, int]]):
        self._bill, self._listed = bill, listed

    def __call__(self, *, person_id: UUID, answers: Mapping[str, Any], now: datetime) -> Bill:
        """Return the bill of an application."""
        return self._bill(person_id, answers, now)

    def prices(self, now: datetime) -> Sequence[tuple[Text, int]]:
        """Return the prices for the guide."""
        return self._listed


def tables() -> Mapping[str, Table]:
    """Return the tables by the names that service files use."""
    tests = [(Text(zh=zh, en=en), int(_table()["test_fee"]["fen"][key])) for key, (zh, en) in SUBJECTS.items()]
    return {"traffic.test_fee": Table(test_fee, tests), "traffic.charge": Table(charge, [])}
