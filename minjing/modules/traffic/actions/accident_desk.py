"""An officer takes an accident over, finds who is liable and says why; both are told and may ask for a review.

Nobody looks at or decides on an accident of their own; a refused attempt stands in the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Stale, Text, Wrong
from minjing.kernel.identity.models import Unit
from minjing.kernel.identity.queries import checks
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.matters import queries as matters
from minjing.kernel.notify import actions as notify
from minjing.kernel.papers import actions as papers
from minjing.modules.traffic import events
from minjing.modules.traffic.models import Accident, AccidentParty
from minjing.modules.traffic.queries import accident_desk as desk
from minjing.modules.traffic.queries import accidents as found
from minjing.modules.traffic.rules import plates, settlement

WORDS_MOST = 1_000
OWN: Text = {
    "zh": "您本人或与您同名的人是这起事故的当事人，请由其他民警办理。",
    "en": "You, or somebody of your name, are a party to this accident: another officer has to see to it.",
}
TAKEN: Text = {"zh": "另一位民警已经接手。", "en": "Another officer has taken it over."}
CLOSED: Text = {"zh": "这起事故已经认定。", "en": "This accident has been determined."}


def take(accident_id: UUID, *, by: Actor, now: datetime) -> Accident:
    """Take an accident over; the clock of the determination runs. Raises Unknown, NotAllowed."""
    _refuse_own(desk.row_of(accident_id, by), "take", by=by, now=now)
    with transaction.atomic():
        row = _locked(accident_id, by)
        if row.officer_id == by.account_id:
            return row
        row.officer_id, row.taken_at = by.account_id, now
        # Left and taken again, the case keeps its day: the parties were told it.
        row.due_date = row.due_date or matters.calendar().add(local_day(now), found.determine_days())
        _save(row, now)
        _note("taken", row, by, now, due=row.due_date.isoformat())
        _tell(row, "accident_taken", {"number": row.number, "due": row.due_date.isoformat()}, now)
    return row


def show(accident_id: UUID, *, by: Actor, now: datetime) -> desk.Case:
    """Return a case with what both sides said and sent; the look is on record. Raises Unknown, NotAllowed."""
    row = desk.row_of(accident_id, by)
    _refuse_own(row, "show", by=by, now=now)
    return desk.look_at(row, by=by, now=now)


def show_photo(accident_id: UUID, photo_id: UUID, *, by: Actor, now: datetime) -> bytes:
    """Return a photo whole; the look is on record. Raises Unknown, NotAllowed."""
    row = desk.row_of(accident_id, by)
    _refuse_own(row, "show", by=by, now=now)
    return desk.photo(row, photo_id, by=by, now=now)


def leave(accident_id: UUID, *, by: Actor, now: datetime) -> None:
    """Leave a case one has taken to another officer."""
    with transaction.atomic():
        row = _locked(accident_id, by)
        if row.officer_id == by.account_id:
            row.officer_id = row.taken_at = None
            _save(row, now)
            _note("left", row, by, now)


def determine(accident_id: UUID, said: Mapping[str, str], *, by: Actor, now: datetime) -> Accident:
    """Find who is liable, and issue the determination to each party. Raises Wrong, NotAllowed, Unknown.

    `said`: `situation`, one of the nine with `at_fault` (a, b), or "free" with `finding` in words and `share`, one of
    settlement.SHARES; `reasons` in any case.
    """
    _refuse_own(desk.row_of(accident_id, by), "determine", by=by, now=now)
    with transaction.atomic():
        row = _locked(accident_id, by)
        if row.officer_id != by.account_id:
            raise Stale("not_taken", {"zh": "请先接手这起事故。", "en": "Take the accident over first."})
        parties = {party.side: party for party in row.parties.all()}
        title, liabilities = _finding(said, parties)
        reasons = said.get("reasons", "").strip()[:WORDS_MOST]
        if len(reasons) < 10:
            raise Wrong(
                "reasons",
                {"zh": "请写明理由（至少十个字）。", "en": "Give the reasons, ten characters at least."},
                "reasons",
            )
        free = said.get("situation") == "free"
        row.situation = "" if free else said["situation"]
        row.at_fault = "" if free else settlement.act_of(found.situations()[row.situation], said.get("at_fault", ""))
        row.state, row.determined_at = Accident.DETERMINED, now
        _save(row, now)
        for side, party in parties.items():
            party.liability = liabilities[side]
            words = json.dumps({"finding": title["zh"], "reasons": reasons}, ensure_ascii=False)
            party.found_sealed = seal(party.person_id, desk.FOUND, words)
            party.save(update_fields=["liability", "found_sealed"])
        _note("determined", row, by, now, situation=row.situation, **{f"side_{s}": v for s, v in liabilities.items()})
        _issue(row, parties, title, reasons, by, now)
        _tell(row, "accident_determined", {"number": row.number}, now)
    return row


def _finding(
    said: Mapping[str, str], parties: Mapping[str, AccidentParty]
) -> tuple[Mapping[str, str], dict[str, str]]:
    """Return what was found in words and the liability of each side."""
    key = said.get("situation", "")
    if key == "free":
        words = said.get("finding", "").strip()[:200]
        if not words:
            raise Wrong("finding", {"zh": "请写明认定的事实。", "en": "Say what was found."}, "finding")
        shares = settlement.SHARES.get(said.get("share", ""))
        if shares is None:
            raise Wrong("share", {"zh": "请选择责任划分。", "en": "Choose how liability is shared."}, "share")
        return {"zh": words, "en": words}, {side: shares[0 if side == "a" else 1] for side in parties}
    if key not in found.situations():
        raise Wrong("situation", {"zh": "请选择一种情形。", "en": "Choose a situation."}, "situation")
    chosen = found.situations()[key]
    if not chosen.both and said.get("at_fault") not in parties:
        raise Wrong("at_fault", {"zh": "请选择是谁的行为。", "en": "Say whose act it was."}, "at_fault")
    shared = settlement.liability(chosen, said.get("at_fault", ""))
    return chosen.title, {side: shared[side] for side in parties}


def _refuse_own(row: Accident, act: str, *, by: Actor, now: datetime) -> None:
    people = [party.person_id for party in row.parties.all()]
    own = by.person_id in people if by.person_id else False
    # An officer's account names no person: where it does not, a party of the same name is theirs to leave.
    if not own and by.name:
        own = any(checks.name_and_number(pk)[0] == by.name for pk in people)
    if own:
        _note("refused", row, by, now, act=act, why="own")
        raise NotAllowed("own_accident", OWN)


def _locked(accident_id: UUID, by: Actor) -> Accident:
    seen = desk.row_of(accident_id, by)
    row = Accident.objects.select_for_update().get(pk=seen.pk)
    if row.state != Accident.WITH_OFFICER:
        raise Stale("closed", CLOSED)
    if row.officer_id not in (None, by.account_id):
        raise Stale("taken", TAKEN)
    return row


def _save(row: Accident, now: datetime) -> None:
    row.since_at = max(now, row.since_at + timedelta(microseconds=1))
    row.save()


def _tell(row: Accident, template: str, said: Mapping[str, str], now: datetime) -> None:
    for party in row.parties.all():
        if party.account_id is not None:
            about = f"{template}:{row.pk}:{row.since_at.isoformat()}"
            notify.tell(party.account_id, template, said, dedupe=about, now=now)


def _note(what: str, row: Accident, by: Actor, now: datetime, **more: object) -> None:
    said = {"accident": row.pk, "by": by.account_id, **{key: value for key, value in more.items() if value}}
    ledger.append(ledger.entry(f"{events.ACCIDENT}:{what}", said, at=now, org_id=row.org_id))


def _issue(
    row: Accident,
    parties: Mapping[str, AccidentParty],
    title: Mapping[str, str],
    reasons: str,
    by: Actor,
    now: datetime,
) -> None:
    """Issue the determination to each party; it says how to ask for a review."""
    unit = Unit.objects.filter(pk__in=[h.unit_id for h in by.holdings if desk.ACT in h.acts]).order_by("pk").first()
    if unit is None:
        return
    facts: list[tuple[Text, str]] = [
        ({"zh": "时间", "en": "When"}, row.happened_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")),
        ({"zh": "地点", "en": "Where"}, row.place),
        ({"zh": "事故事实", "en": "What happened"}, title["zh"]),
        ({"zh": "理由", "en": "Reasons"}, reasons),
    ]
    for side, name in (("a", {"zh": "甲方", "en": "Party A"}), ("b", {"zh": "乙方", "en": "Party B"})):
        if side in parties:
            words = settlement.LIABILITY[parties[side].liability]
            facts.append((name, f"{plates.shown(parties[side].plate)}　{words['zh']}"))
    facts.append((
        {"zh": "不服本认定", "en": "If you do not agree"},
        "自收到之日起三日内向上一级公安机关交通管理部门书面申请复核（《道路交通事故处理程序规定》第 71 条）",
    ))  # fmt: skip
    for party in parties.values():
        issued = papers.issue(
            kind="traffic_done", title={"zh": "道路交通事故认定书", "en": "Accident determination"},
            matter_id=row.pk, matter_number=row.number, org_id=row.org_id, holder_person=party.person_id, facts=facts,
            valid_until=None, unit_id=unit.pk, by=by, now=now,
        )  # fmt: skip
        AccidentParty.objects.filter(pk=party.pk).update(paper_id=issued.id)
