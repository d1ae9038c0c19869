"""What an application costs: the items and waivers of the service whose conditions hold for the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from minjing.base import conditions
from minjing.base.clock import local_day
from minjing.kernel.matters import plugs
from minjing.kernel.matters.schema import Body, Text
from minjing.kernel.pay.rules import amounts
from minjing.kernel.pay.rules.amounts import Item, Waiver


@dataclass(frozen=True, slots=True)
class Quote:
    """What is charged, what is waived of it, and what is left to pay."""

    items: Sequence[Item]
    waivers: Sequence[Waiver]

    @property
    def total_fen(self) -> int:
        """Return the sum of the items."""
        return amounts.total(self.items)

    @property
    def off(self) -> Mapping[str, int]:
        """Return how much each waiver takes off, by name."""
        return amounts.waived(self.items, self.waivers)

    @property
    def waived(self) -> Sequence[tuple[Waiver, int]]:
        """Return the waivers that take something off, with how much."""
        off = self.off
        return [(w, off[w.name]) for w in self.waivers if off[w.name]]

    @property
    def due_fen(self) -> int:
        """Return what is left to pay."""
        return self.total_fen - sum(self.off.values())


def prices(body: Body, now: datetime) -> Sequence[tuple[Text, int]]:
    """Return what may be charged, for whoever reads the guide: each item and its fen."""
    fee = body.service.fee
    if fee is None:
        return []
    if fee.of:
        return plugs.PRICES[fee.of](now) if fee.of in plugs.PRICES else []
    return [(i.title, i.fen) for i in fee.items]


def quote(body: Body, answers: Mapping[str, Any], person_id: UUID, now: datetime) -> Quote | None:
    """Return what these answers cost; None for a service without a fee, and when nothing of it applies."""
    fee = body.service.fee
    if fee is None:
        return None
    if fee.of:
        items, waivers = plugs.FEES[fee.of](person_id=person_id, answers=answers, now=now)
        return Quote(items, waivers) if items else None
    today = local_day(now)
    charged = [
        Item(i.name, i.title.model_dump(), i.fen, i.basis.model_dump())
        for i in fee.items
        if conditions.holds(i.when, answers, today)
    ]
    let_off = [
        Waiver(w.name, w.title.model_dump(), w.percent, w.basis.model_dump(), tuple(w.items))
        for w in fee.waivers
        if conditions.holds(w.when, answers, today)
    ]
    return Quote(charged, let_off) if charged else None
