"""Documents on record, for their holder and for who has the right to see them; what the form can be filled with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from minjing.base.clock import local_day
from minjing.base.idnumber import parse
from minjing.kernel.identity import actions as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import CARD
from minjing.kernel.identity.sealing import blind_index, unseal_many
from minjing.kernel.identity.seen import Seen
from minjing.kernel.matters import plugs
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry import rules, tariff
from minjing.modules.exit_entry.models import (
    Annotation,
    BorderRecord,
    Document,
    DocumentChange,
    DocumentNumber,
    Endorsement,
    PickUp,
    Shipment,
)
from minjing.modules.exit_entry.rules import Held, State

NUMBER, NUMBER_INDEX = "exit_entry_document.number", "document_number"
NOTE = "exit_entry_annotation.text"
CROSSING = "exit_entry_borderrecord.crossing"
CODE = "exit_entry_pickup.code"
RECORD, CROSSINGS = "exit_entry.documents", "exit_entry.crossings"  # what the ledger calls a look at them

TITLES: Mapping[str, Text] = {
    "passport": Text(zh="普通护照", en="Ordinary passport"),
    "hk_macao": Text(zh="往来港澳通行证", en="Permit to Hong Kong and Macao"),
    "taiwan": Text(zh="往来台湾通行证", en="Permit to Taiwan"),
}
STATES: Mapping[str, Text] = {
    "being_made": Text(zh="正在制作", en="Being made"),
    "valid": Text(zh="有效", en="Valid"),
    "expired": Text(zh="已到期", en="Run out"),
    "cancelled": Text(zh="已注销", en="Cancelled"),
    "lost": Text(zh="已挂失作废", en="Lost, void"),
}
PLACES: Mapping[str, Text] = {
    "hongkong": Text(zh="香港", en="Hong Kong"),
    "macao": Text(zh="澳门", en="Macao"),
    "taiwan": Text(zh="台湾", en="Taiwan"),
}


@dataclass(frozen=True, slots=True)
class EndorsementView:
    """An endorsement as it is shown."""

    kind: rules.Kind
    destination: Text
    issued: date
    until: date
    state: str


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as it is shown: to its holder, or beside a form."""

    id: UUID
    kind: str
    title: Text
    number: str
    state: State
    state_title: Text
    issued: date
    expires: date
    renew_from: date
    electronic: bool
    fingers_on_file: bool
    endorsements: Sequence[EndorsementView]
    annotations: int

    @property
    def masked(self) -> str:
        """Return the number as it is shown where it is not needed."""
        return rules.masked(self.number)


def held(person_id: UUID, kind: str = "") -> list[Held]:
    """Return what a person has, as the rules see it: no number is opened."""
    rows = Document.objects.filter(person_id=person_id, **({"kind": kind} if kind else {}))
    return [
        Held(d.kind, d.state, d.issued_date, d.expires_date, d.electronic, d.fingers_on_file)
        for d in rows.order_by("-issued_date", "-id")
    ]


def any_document() -> bool:
    """Say whether there is any document on record."""
    return Document.objects.exists()


def permit_of(person_id: UUID, kind: str, day: date) -> Document | None:
    """Return the valid permit of a kind that has not run out; None when there is none."""
    found = Document.objects.filter(person_id=person_id, kind=kind, state=Document.VALID).first()
    return found if found is not None and found.expires_date >= day else None


def last_made_by(person_id: UUID, kind: str, but: UUID) -> UUID | None:
    """Return the matter that made the last document of this kind before the matter `but`; None where none did."""
    rows = Document.objects.filter(person_id=person_id, kind=kind, matter_id__isnull=False).exclude(matter_id=but)
    return rows.order_by("-issued_date", "-id").values_list("matter_id", flat=True).first()


def letters_held(person_id: UUID, kind: str) -> set[str]:
    """Return the letters of the endorsements a person has held in permits of a kind."""
    rows = Endorsement.objects.filter(document__person_id=person_id, document__kind=kind).exclude(state="being_made")
    return {tariff.kinds()[code].letter for code in rows.values_list("code", flat=True).distinct()}


def documents(person_id: UUID, by: Actor, now: datetime, *, matter_id: UUID | None = None) -> list[DocumentView]:
    """Return a person's documents, newest first; a look of anybody else is written down before they are opened."""
    people.record_look(by, [person_id], [RECORD], matter_id=matter_id, now=now)
    return _views(person_id, local_day(now))


def _views(person_id: UUID, day: date) -> list[DocumentView]:
    rows = list(Document.objects.filter(person_id=person_id).order_by("-issued_date", "-id"))
    numbers = unseal_many([(person_id, NUMBER, bytes(d.number_sealed)) for d in rows])
    endorsed: dict[UUID, list[EndorsementView]] = {}
    for e in Endorsement.objects.filter(document__in=rows).order_by("-until_date", "-id"):
        view = EndorsementView(
            tariff.kinds()[e.code], PLACES[e.destination], e.issued_date, e.until_date, _state(e, day)
        )
        endorsed.setdefault(e.document_id, []).append(view)
    noted = list(Annotation.objects.filter(document__in=rows).values_list("document_id", flat=True))
    return [
        _view(d, number.decode(), endorsed.get(d.id, []), noted.count(d.id), day)
        for d, number in zip(rows, numbers, strict=True)
        if number is not None
    ]


def _state(endorsement: Endorsement, day: date) -> str:
    return "expired" if endorsement.state == "valid" and endorsement.until_date < day else endorsement.state


def _view(d: Document, number: str, endorsed: Sequence[EndorsementView], noted: int, day: date) -> DocumentView:
    one = Held(d.kind, d.state, d.issued_date, d.expires_date)
    state = one.state_on(day)
    return DocumentView(
        id=d.id,
        kind=d.kind,
        title=TITLES[d.kind],
        number=number,
        state=state,
        state_title=STATES[state],
        issued=d.issued_date,
        expires=d.expires_date,
        renew_from=rules.renew_from(one, tariff.platform()),
        electronic=d.electronic,
        fingers_on_file=d.fingers_on_file,
        endorsements=endorsed,
        annotations=noted,
    )


def changes(document_id: UUID) -> list[DocumentChange]:
    """Return what happened to a document, oldest first: dates and reasons, nothing opened."""
    return list(DocumentChange.objects.filter(document_id=document_id).order_by("at", "id"))


def by_number(number: str) -> UUID | None:
    """Return the document with this number, for who has the right to look for it; None when there is none."""
    index = blind_index(NUMBER_INDEX, rules.normalised(number))
    return DocumentNumber.objects.filter(pk=index).values_list("document_id", flat=True).first()


def endorsements_of_matter(matter_id: UUID) -> list[tuple[Text, Text, date]]:
    """Return what a matter has endorsed: kind, place, until when; the caller has checked the right on the matter."""
    kinds = tariff.kinds()
    rows = Endorsement.objects.filter(matter_id=matter_id).order_by("destination")
    return [
        (
            Text(zh=f"{kinds[one.code].name[0]} {kinds[one.code].validity[0]}",
                 en=f"{kinds[one.code].name[1]}, {kinds[one.code].validity[1].lower()}"),
            PLACES[one.destination], one.until_date,
        )
        for one in rows
    ]  # fmt: skip


def is_number_of(person_id: UUID, kind: str, typed: str) -> bool:
    """Say whether what was typed is the number of a document of this kind that is this person's."""
    found = by_number(typed)
    return found is not None and Document.objects.filter(id=found, person_id=person_id, kind=kind).exists()


# ---- border records -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing of the border: when, which way, where, with which document."""

    day: date
    outward: bool
    port: str
    document: str


def crossings(
    person_id: UUID, since: date, until: date, by: Actor, now: datetime, *, matter_id: UUID | None = None
) -> list[Crossing]:
    """Return a person's crossings between two days, newest first; a look of anybody else is written down first."""
    people.record_look(by, [person_id], [CROSSINGS], matter_id=matter_id, now=now)
    rows = [
        (person_id, CROSSING, bytes(blob))
        for blob in BorderRecord.objects.filter(person_id=person_id).values_list("crossing_sealed", flat=True)
    ]
    opened = [json.loads(value) for value in unseal_many(rows) if value is not None]
    found = [Crossing(date.fromisoformat(c["day"]), c["way"] == "out", c["port"], c["document"]) for c in opened]
    return sorted((c for c in found if since <= c.day <= until), key=lambda c: (c.day, c.outward), reverse=True)


# ---- what the register says -----------------------------------------------------------------------------


def registered(person_id: UUID, path: str, now: datetime) -> Any:
    """Return what the population register says of a person under `path`; None where no module keeps one."""
    ask = plugs.PREFILLS.get("register")
    return ask(person_id, path, now) if ask else None


def is_registered_here(person_id: UUID, now: datetime) -> bool:
    """Say whether a person's household is registered in this city."""
    return registered(person_id, "household_no", now) is not None


def birth_of(person_id: UUID, now: datetime) -> date | None:
    """Return the date of birth, as the register or the ID number says it."""
    said = registered(person_id, "birth_date", now)
    return date.fromisoformat(said) if said else None


def is_parent(parent_id: UUID, child_number: str, child_id: UUID, now: datetime) -> bool:
    """Say whether the register shows the one as a parent of the other: yes or no, nothing else leaves."""
    own = registered(parent_id, "id_number", now)
    return bool(own) and own in (registered(child_id, "father_id", now), registered(child_id, "mother_id", now))


def birth_in(id_number: str) -> date:
    """Return the date of birth inside an ID number."""
    return parse(id_number).birth


# ---- plugs ----------------------------------------------------------------------------------------------


PATHS = [f"{kind}_{what}" for kind in rules.KINDS for what in ("no", "last_kind", "last_place")]


def prefill(person_id: UUID, path: str, now: datetime) -> Any:
    """Answer `exit_entry.<path>` in one's own form: the masked number of a document, the last endorsement."""
    if path.endswith("_no"):
        return _own_number(person_id, path.removesuffix("_no"))
    kind, _, what = path.rpartition("_last_")
    last = (
        Endorsement.objects.filter(document__person_id=person_id, document__kind=kind)
        .exclude(state="being_made")
        .order_by("-issued_date", "-id")
        .first()
    )
    if last is None:
        return None
    return last.code if what == "kind" else last.destination


def _own_number(person_id: UUID, kind: str) -> str | None:
    """Return the number of one's own document, masked: enough to know which one is meant."""
    rows = Document.objects.filter(person_id=person_id, kind=kind, state__in=(Document.VALID, Document.LOST))
    blob = rows.order_by("-issued_date").values_list("number_sealed", flat=True).first()
    (opened,) = unseal_many([(person_id, NUMBER, bytes(blob))]) if blob is not None else (None,)
    return rules.masked(opened.decode()) if opened is not None else None


def on_record(person_id: UUID, seen: Seen) -> list[tuple[Text, str, Text]]:
    """Return the rows an officer sees beside the form: the documents on record, once the look is on record."""
    seen.must_cover(person_id, RECORD)
    from minjing.base.clock import now as present

    rows: list[tuple[Text, str, Text]] = []
    for d in _views(person_id, local_day(present())):
        rows.append((d.title, f"{d.kind}_no", Text(zh=f"{d.number}　{_said(d).zh}", en=f"{d.number} {_said(d).en}")))
        rows += [
            (Text(zh="签注", en="Endorsement"), "", _endorsement_said(e))
            for e in d.endorsements
            if d.state in ("valid", "being_made")
        ]
    return rows or [(Text(zh="出入境证件", en="Travel documents"), "", Text(zh="没有", en="None"))]


def _said(d: DocumentView) -> Text:
    return Text(
        zh=f"{d.state_title.zh}，{d.issued} 至 {d.expires}{'' if d.electronic else '，本式'}",
        en=f"{d.state_title.en}, {d.issued} to {d.expires}{'' if d.electronic else ', booklet'}",
    )


def _endorsement_said(e: EndorsementView) -> Text:
    return Text(
        zh=f"{e.destination.zh}　{e.kind.name[0]} {e.kind.validity[0]}，至 {e.until}，{STATES[e.state].zh}",
        en=f"{e.destination.en}: {e.kind.name[1]}, {e.kind.validity[1]}, until {e.until}, {STATES[e.state].en}",
    )


def document_kinds(person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return which valid documents people have, for a look that is on record already: kinds, no numbers."""
    rows = Document.objects.filter(person_id__in=list(person_ids), state=Document.VALID).order_by("kind")
    found: dict[UUID, list[str]] = {}
    for person_id, kind in rows.values_list("person_id", "kind"):
        found.setdefault(person_id, []).append(TITLES[kind].zh)
    return {person_id: "、".join(kinds) for person_id, kinds in found.items()}


def no_crossings(person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return nothing: officers do not read border records here; the name is known to say who certified them."""
    return {}


# ---- on the way -----------------------------------------------------------------------------------------

JOURNEY: Mapping[str, Text] = {
    "to_order": Text(zh="正在通知邮政取件", en="The carrier is being told"),
    "ordered": Text(zh="已下单，等待揽收", en="Ordered, to be picked up"),
    "picked_up": Text(zh="已揽收", en="Picked up"),
    "moving": Text(zh="运输中", en="On its way"),
    "delivered": Text(zh="已签收", en="Delivered"),
    "returned": Text(zh="被退回", en="Came back"),
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel as its receiver follows it."""

    matter_id: UUID
    waybill: str
    state: str
    title: Text
    scans: Sequence[tuple[datetime, Text, str]]


def parcels_of(person_id: UUID, matter_id: UUID | None = None) -> list[Parcel]:
    """Return a person's parcels that are on their way, or that of a matter; nothing sealed is opened."""
    rows = Shipment.objects.filter(person_id=person_id)
    rows = rows.filter(matter_id=matter_id) if matter_id else rows.exclude(state__in=("delivered", "returned"))
    found = []
    for s in rows.order_by("-state_at"):
        scans = [(scan.at, JOURNEY[scan.what], scan.place) for scan in s.scans.order_by("-at", "-number")]
        found.append(Parcel(s.matter_id, s.waybill, s.state, JOURNEY[s.state], scans))
    return found


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the cabinet as its holder finds it; the code is "" until they have proved who they are."""

    matter_id: UUID
    box: str
    code: str
    until: datetime


def boxes_of(by: Actor, now: datetime, matter_id: UUID | None = None) -> list[Box]:
    """Return the boxes that wait for the asker, with their codes: for the holder's own page and nobody else's.

    The code opens the box for whoever types it: without card and face checked (level 3) it is left out.
    """
    person_id = by.person_id
    if person_id is None:
        return []
    rows = PickUp.objects.filter(
        person_id=person_id, opened_at__isnull=True, emptied_at__isnull=True, until_at__gt=now
    )
    rows = rows.filter(matter_id=matter_id) if matter_id else rows
    listed = list(rows.order_by("until_at"))
    if by.level < CARD:
        return [Box(row.matter_id, row.box, "", row.until_at) for row in listed]
    codes = unseal_many([(person_id, CODE, bytes(row.code_sealed)) for row in listed])
    return [
        Box(row.matter_id, row.box, code.decode(), row.until_at)
        for row, code in zip(listed, codes, strict=True)
        if code is not None
    ]


def beside(matter: Snapshot, by: Actor, now: datetime) -> Mapping[str, Any]:
    """Return what stands beside one's own matter: the parcel, the box of the cabinet; nothing for others."""
    if by.person_id is None:
        return {}
    boxes, parcels = boxes_of(by, now, matter.id), parcels_of(by.person_id, matter.id)
    return {"boxes": boxes, "parcels": parcels} if boxes or parcels else {}
