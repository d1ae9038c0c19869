"""The officers' desk for accidents: what waits in one's district, and one case with both sides.

Whoever opens a case looks at two people: both looks are in the ledger before anything is unsealed.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from minjing.kernel.files import queries as files
from minjing.kernel.files.errors import Unknown as NoFile
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Erased, NotAllowed, Text, Unknown
from minjing.kernel.identity.sealing import unseal
from minjing.modules.traffic.models import Accident, AccidentParty, AccidentPhoto

ACT = "handle_accidents"
REASON = "incident"
RECORD = "traffic.accident"
SAID, FOUND = "traffic_accident.said", "traffic_accident.found"
PAGE = 50
NO_POST: Text = {"zh": "您没有处理交通事故的岗位。", "en": "You hold no post that deals with accidents."}


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as a page shows it: small in the page, whole behind its address."""

    id: UUID
    view: str
    small: str  # data: address of a JPEG, "" when it cannot be opened
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Side:
    """One party as the officer sees it."""

    party: AccidentParty
    name: str
    said: str
    photos: Sequence[Picture]


@dataclass(frozen=True, slots=True)
class Case:
    """One accident with its sides, and what was found."""

    row: Accident
    sides: Sequence[Side]
    found: Mapping[str, str]  # {finding, reasons} once it is determined


def districts(by: Actor) -> set[int]:
    """Return the districts whose accidents are an officer's; 0 stands for the whole city."""
    return {holding.org_id for holding in by.holdings if ACT in holding.acts}


def _of(by: Actor) -> QuerySet[Accident]:
    mine = districts(by)
    rows = Accident.objects.all()
    # An accident whose district nobody said is every district's: somebody has to take it.
    return rows if 0 in mine else rows.filter(org_id__in=mine | {0}) if mine else rows.none()


def waiting(by: Actor) -> Sequence[Accident]:
    """Return what waits for an officer or is with this one, by the day it is due. Raises NotAllowed: no post."""
    if not districts(by):
        raise NotAllowed("no_post", NO_POST)
    rows = _of(by).filter(Q(officer_id=by.account_id) | Q(officer_id__isnull=True), state=Accident.WITH_OFFICER)
    return list(rows.order_by(F("due_date").asc(nulls_last=True), "opened_at")[:PAGE])


def waiting_count(by: Actor) -> int:
    """Return how many accidents wait for anybody."""
    return _of(by).filter(state=Accident.WITH_OFFICER, officer_id__isnull=True).count()


def row_of(accident_id: UUID, by: Actor) -> Accident:
    """Return one accident of an officer's district that is or was an officer's. Raises Unknown."""
    row = _of(by).filter(pk=accident_id, state__in=(Accident.WITH_OFFICER, Accident.DETERMINED)).first()
    if row is None:
        raise Unknown
    return row


def look_at(row: Accident, *, by: Actor, now: datetime) -> Case:
    """Return a case with names, words and photos of both sides; each look is on record before."""
    parties = list(AccidentParty.objects.filter(accident=row).order_by("side"))
    people = [party.person_id for party in parties]
    identity.record_look(by, people, [RECORD], reason=REASON, now=now)
    names = identity.look(by, people, ["name"], reason=REASON, now=now)
    sides = [
        Side(
            party,
            str(names.get(party.person_id, {}).get("name", "")),
            _open(party, SAID, party.said_sealed),
            pictures(party),
        )
        for party in parties
    ]
    told = next((_open(party, FOUND, party.found_sealed) for party in parties if party.found_sealed), "")
    return Case(row, sides, json.loads(told) if told else {})


def photo(row: Accident, photo_id: UUID, *, by: Actor, now: datetime) -> bytes:
    """Return a photo whole for the officer, the look on record before. Raises Unknown."""
    one = AccidentPhoto.objects.filter(pk=photo_id, accident=row).select_related("party").first()
    if one is None:
        raise Unknown
    identity.record_look(by, [one.party.person_id], [RECORD], reason=REASON, now=now)
    return content(one)


def content(one: AccidentPhoto) -> bytes:
    """Return a photo whole; whoever calls has the right and has put the look on record. Raises Unknown."""
    try:
        return files.read(one.file_id)
    except (NoFile, Erased):
        raise Unknown from None


def pictures(party: AccidentParty) -> list[Picture]:
    """Return a side's photos, small; whoever calls has the right and has put the look on record."""
    return [
        Picture(one.pk, one.view, _small(one.file_id), one.taken_at)
        for one in AccidentPhoto.objects.filter(party=party).order_by("taken_at", "pk")
    ]


def own_words(party: AccidentParty, by: Actor) -> tuple[str, Mapping[str, str]]:
    """Return what a party said and what they were told of the finding: their own, on their own page."""
    if by.person_id != party.person_id:
        raise Unknown
    told = _open(party, FOUND, party.found_sealed)
    return _open(party, SAID, party.said_sealed), json.loads(told) if told else {}


def _small(file_id: UUID) -> str:
    try:
        kept = files.thumbnail(file_id)
    except (NoFile, Erased):
        return ""
    return f"data:image/jpeg;base64,{b64encode(kept).decode()}" if kept else ""


def _open(party: AccidentParty, context: str, blob: bytes | memoryview | None) -> str:
    if not blob:
        return ""
    try:
        return unseal(party.person_id, context, bytes(blob)).decode()
    except Erased:
        return ""
