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
from minjing.modules.traffic.queries.histories import Found
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
    whose = row.person_id or owner_of(row)
    _tell([(row, whose, "violation_published", {"sums": _sums(row)})], about="published", now=now)


def changed(found: Sequence[tuple[Found, Difference, int]], *, about: str, now: datetime) -> None:
    """Tell what a strike has changed, row by row: what it was, what it is, how many fen come back."""
    said = []
    for one, difference, back_fen in found:
        row = one.row
        kind, fine, points, months = difference.before
        was = words.sums(fine, points, months, kind == WARNED)
        zh = f"多缴的 {words.yuan(back_fen)} 将原路退回。" if back_fen > 0 else ""
        en = f"The {words.yuan(back_fen)} paid too much comes back the way it was paid." if back_fen > 0 else ""
        template = "violation_struck" if row.state == Violation.STRUCK else "violation_changed"
        whose = row.person_id or one.owner_person_id
        said.append((row, whose, template, {"was": was, "sums": _sums(row), "back": {"zh": zh, "en": en}}))
    _tell(said, about=about, now=now)


def _tell(said: Sequence[tuple[Violation, UUID | None, str, dict[str, Text]]], *, about: str, now: datetime) -> None:
    """Tell the driver of each row, or else the owner of its vehicle; each person's account is looked up once."""
    concerned = {whose for _, whose, _, _ in said if whose}
    accounts = {person_id: people.account_of_person(person_id) for person_id in concerned}
    tellings = []
    for row, whose, template, params in said:
        account_id = accounts[whose] if whose else None
        if account_id is None:
            continue
        day = row.violated_at.astimezone(CHINA)
        common = {"number": row.number, "day": f"{day:%Y-%m-%d}", "title": title_of(row.conduct)}
        dedupe = f"{row.pk}|{about}"
        tellings.append(notify.Telling(account_id, template, {**common, **params}, dedupe, org_id=row.org_id))
    notify.tell_many(tellings, now=now)


def _sums(row: Violation) -> Text:
    return words.sums(row.fine_fen, row.points, row.suspension_months, row.kind == WARNED)
