"""Telling drivers: a violation is published, changed, struck. The words are files in `texts/`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from minjing.base.clock import CHINA
from minjing.kernel.identity import queries as people
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import packs
from minjing.modules.traffic.models import Vehicle, Violation
from minjing.modules.traffic.rules.penalties import words
from minjing.modules.traffic.rules.penalties.cascade import Difference
from minjing.modules.traffic.rules.penalties.shapes import WARNED, Text


def owner_of(violation: Violation) -> UUID | None:
    """Return who owns the vehicle now; None for a firm's, for none, and for those on foot."""
    if violation.vehicle_id is None:
        return None
    return Vehicle.objects.filter(pk=violation.vehicle_id).values_list("owner_person_id", flat=True).first()


def title_of(conduct: str) -> Text:
    """Return what a conduct is called."""
    found = packs.conducts().get(conduct)
    return found.title if found else {"zh": conduct, "en": conduct}


def published(row: Violation, *, now: datetime) -> None:
    """Tell the driver, or else the owner, of a violation that is established now."""
    _tell([(row, "violation_published", {"sums": _sums(row)})], about="published", now=now)


def changed(found: Sequence[tuple[Violation, Difference, int]], *, about: str, now: datetime) -> None:
    """Tell what a strike has changed, row by row: what it was, what it is, how many fen come back."""
    said = []
    for row, difference, back_fen in found:
        kind, fine, points, months = difference.before
        was = words.sums(fine, points, months, kind == WARNED)
        zh = f"多缴的 {words.yuan(back_fen)} 将原路退回。" if back_fen > 0 else ""
        en = f"The {words.yuan(back_fen)} paid too much comes back the way it was paid." if back_fen > 0 else ""
        template = "violation_struck" if row.state == Violation.STRUCK else "violation_changed"
        said.append((row, template, {"was": was, "sums": _sums(row), "back": {"zh": zh, "en": en}}))
    _tell(said, about=about, now=now)


def _tell(said: Sequence[tuple[Violation, str, dict[str, Text]]], *, about: str, now: datetime) -> None:
    """Tell the driver of each row, or else the owner of its vehicle; each person is looked up once."""
    owners: dict[UUID | None, UUID | None] = {}
    accounts: dict[UUID, UUID | None] = {}
    tellings = []
    for row, template, params in said:
        person_id = row.person_id
        if person_id is None:
            if row.vehicle_id not in owners:
                owners[row.vehicle_id] = owner_of(row)
            person_id = owners[row.vehicle_id]
        if person_id is not None and person_id not in accounts:
            accounts[person_id] = people.account_of_person(person_id)
        account_id = accounts[person_id] if person_id else None
        if account_id is None:
            continue
        day = row.violated_at.astimezone(CHINA)
        common = {"number": row.number, "day": f"{day:%Y-%m-%d}", "title": title_of(row.conduct)}
        dedupe = f"{row.pk}|{about}"
        tellings.append(notify.Telling(account_id, template, {**common, **params}, dedupe, org_id=row.org_id))
    notify.tell_many(tellings, now=now)


def _sums(row: Violation) -> Text:
    return words.sums(row.fine_fen, row.points, row.suspension_months, row.kind == WARNED)
