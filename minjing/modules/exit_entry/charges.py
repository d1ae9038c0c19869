"""What an application of exit and entry costs: the lines of its bill by its answers, on the day it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from minjing.base.clock import local_day
from minjing.kernel.matters.schema import Text
from minjing.kernel.pay.rules.amounts import Item, Waiver
from minjing.modules.exit_entry import rules, tariff

Answers = Mapping[str, Any]
TABLES = (
    "passport",
    "annotation",
    "hk_macao_first",
    "hk_macao",
    "taiwan",
    "hk_macao_endorsement",
    "taiwan_endorsement",
)


def lines(table: str, answers: Answers, day: date) -> list[rules.Item]:
    """Return the bill of an application: the document, and an endorsement for each place."""
    code, both = str(answers.get("endorsement_kind") or ""), answers.get("destination") == "both"
    endorsed = [tariff.endorsement_item(code, day, 2 if both else 1)] if code else []
    if table.endswith("_endorsement"):
        return endorsed
    if table == "taiwan":
        single = answers.get("permit_form") == "single"
        return [tariff.document_item("taiwan_single" if single else "taiwan", day), *endorsed]
    if table == "hk_macao_first":
        return [tariff.document_item("hk_macao", day), *endorsed]
    return [tariff.document_item(table, day)]


def charged(table: str, answers: Answers, now: datetime) -> tuple[Sequence[Item], Sequence[Waiver]]:
    """Return the bill as the engine opens its order. The facts name no exemption; an officer may waive a mistake."""
    found = []
    for line in lines(table, answers, local_day(now)):
        for copy in range(line.count):
            name = line.name.lower().replace("-", "_") + (f"_{copy + 1}" if line.count > 1 else "")
            title = {"zh": line.title[0], "en": line.title[1]}
            found.append(Item(name, title, line.fen, _basis(line.name)))
    return found, []


def _basis(name: str) -> dict[str, str]:
    if name in tariff.kinds():
        kind = tariff.kinds()[name]
        return {"law": "出入境证件收费标准", "article": "", "confidence": kind.confidence, "note": kind.source}
    row = tariff.read("fees.yaml")["fees"][name]
    return {"law": "出入境证件收费标准", "article": "", "confidence": row["confidence"], "note": row["basis"]}


def prices(table: str, now: datetime) -> list[tuple[Text, int]]:
    """Return the prices of a table for the guide."""
    day = local_day(now)
    documents = {
        "passport": ["passport"], "annotation": ["annotation"], "hk_macao_first": ["hk_macao"],
        "hk_macao": ["hk_macao"], "taiwan": ["taiwan", "taiwan_single"],
    }.get(table, [])  # fmt: skip
    listed = [tariff.document_item(name, day) for name in documents]
    of = {"hk_macao_first": "hk_macao", "hk_macao_endorsement": "hk_macao", "taiwan": "taiwan"}.get(
        table, "taiwan" if table == "taiwan_endorsement" else ""
    )
    kinds = [kind for kind in tariff.kinds().values() if kind.document == of]
    if table == "hk_macao_endorsement":
        kinds = [kind for kind in kinds if kind.renews_online]
    listed += [tariff.endorsement_item(kind.code, day) for kind in kinds]
    return [(Text(zh=line.title[0], en=line.title[1]), line.fen) for line in listed]


class Table:
    """One table of prices as the engine asks it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(
        self, *, person_id: UUID, answers: Answers, now: datetime
    ) -> tuple[Sequence[Item], Sequence[Waiver]]:
        """Return the bill of an application."""
        return charged(self.name, answers, now)

    def prices(self, now: datetime) -> list[tuple[Text, int]]:
        """Return the prices for the guide."""
        return prices(self.name, now)
