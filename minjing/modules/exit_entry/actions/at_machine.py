"""An endorsement at the machine in a hall: the permit in its slot, the register asked, paid, written, given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.kernel.identity.actions import card_readers
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.rules.permit_slot import TAKEN, WRITTEN
from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters import queries as matter_queries
from minjing.kernel.matters.rules import Snapshot
from minjing.modules.exit_entry import events, queries, rules, tariff
from minjing.modules.exit_entry.actions.posting import take_step
from minjing.modules.exit_entry.models import Endorsement
from minjing.modules.exit_entry.rules import Kind
from minjing.portals.kiosk import actions as kiosk
from minjing.portals.kiosk.models import Visit

CODE, DOCUMENT = "EX0008", "hk_macao"
NOT_YOURS = (
    "放入的通行证不是您名下有效的往来港澳通行证，已退出。请放入您本人的通行证，或到窗口办理。",
    "The permit in the slot is not a valid one of yours; it comes out again. Put in your own, or go to the counter.",
)
NOT_WRITTEN = (
    "写卡的内容与签发的签注不符，未登记为写入。请到窗口。",
    "What was written is not the endorsement that was issued; it is not on record as written. Go to the counter.",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for at the machine: the permit that lies in it, which endorsement, where to."""

    number: str
    code: str
    destination: str


def permit_in_slot(carried: str, *, session: str, by: Actor, now: datetime) -> str:
    """Return the number of the permit in the slot, which is the visitor's own valid one. Raises NotAllowed."""
    number = card_readers.take_slot(carried, TAKEN, session=session, by=by.account_id, now=now)
    assert by.person_id is not None
    permit = queries.permit_of(by.person_id, DOCUMENT, local_day(now))
    if permit is None or not queries.is_number_of(by.person_id, DOCUMENT, number):
        said = {"by": by.account_id, "why": "not_theirs"}
        append(entry(events.SLOT_REFUSED, said, at=now, subject_id=by.person_id))
        raise NotAllowed("not_your_permit", {"zh": NOT_YOURS[0], "en": NOT_YOURS[1]})
    return number


def kinds_for(person_id: UUID, now: datetime) -> tuple[list[Kind], list[rules.Objection]]:
    """Return the kinds that the records bear out for this person now, and why there is none where there is none."""
    day = local_day(now)
    permit = next((h for h in queries.held(person_id, DOCUMENT) if h.state_on(day) == "valid"), None)
    letters, here = queries.letters_held(person_id, DOCUMENT), queries.is_registered_here(person_id, now)
    offered: list[Kind] = []
    against: list[rules.Objection] = []
    for kind in tariff.kinds().values():
        if kind.document != DOCUMENT or not kind.renews_online or not rules.decides_itself(kind):
            continue
        objections = rules.may_endorse(
            kind, permit, registered_here=here, restricted=False, day=day, online=True, renewed_before=letters
        )
        if objections:
            against += [one for one in objections if one.key not in {o.key for o in against}]
        else:
            offered.append(kind)
    return offered, [] if offered else against


@transaction.atomic
def apply(wish: Wish, *, visit: Visit, by: Actor, now: datetime, request_id: UUID) -> Snapshot:
    """Submit the application from what was said at the machine; its fee is open with it. Raises matters' refusals."""
    assert by.person_id is not None
    _, body = matter_queries.service(CODE)
    said = {
        "permit_no": wish.number, "endorsement_kind": wish.code, "destination": wish.destination,
        "on_record_list": False, "delivery_mode": "hall", "data_consent": True,
    }  # fmt: skip
    known = matter_queries.prefills(body, by.person_id, now, said)
    made = matters.submit_whole(CODE, {**known, **said}, by=by, now=now, request_id=request_id)
    kiosk.note_submitted(made, visit=visit, by=by, now=now)
    return made


def words_of(matter_id: UUID) -> str:
    """Return what the slot is to write for a matter: kind, place and period of each endorsement, in their order."""
    rows = Endorsement.objects.filter(matter_id=matter_id, state="being_made").order_by("destination")
    return "; ".join(f"{one.code} {one.destination} {one.issued_date} {one.until_date}" for one in rows)


def written(matter: Snapshot, carried: str, *, session: str, by: Actor, now: datetime) -> None:
    """Put the endorsement on record as written, by the word of the machine that wrote it; the matter is closed.

    Raises NotAllowed for a word that is not believed, or that speaks of something else.
    """
    said = card_readers.take_slot(carried, WRITTEN, session=session, by=by.account_id, now=now)
    wanted = words_of(matter.id)
    if not wanted or said != wanted or not take_step(matter.id, "write", now):
        wrong = {"by": by.account_id, "matter": matter.id, "why": "other_words"}
        append(entry(events.SLOT_REFUSED, wrong, at=now, org_id=matter.org_id, subject_id=by.person_id))
        raise NotAllowed("not_written", {"zh": NOT_WRITTEN[0], "en": NOT_WRITTEN[1]})
