"""Quick settlement by two phones: one begins, the other joins by a code, both take photos, one says what happened,
the other agrees or not, both sign; somebody hurt, a disagreement or a driver without licence is an officer's.

Every step locks the accident's row first, so that of two phones that act at once one is first.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.base.clock import CHINA, local_day
from minjing.kernel.files import actions as files
from minjing.kernel.identity import limits
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Stale, Text, Unknown, Wrong
from minjing.kernel.identity.limits import Limit
from minjing.kernel.identity.models import Unit
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import actions as notify
from minjing.kernel.papers import actions as papers
from minjing.modules.traffic import events
from minjing.modules.traffic.errors import plate_words
from minjing.modules.traffic.models import Accident, AccidentParty, AccidentPhoto
from minjing.modules.traffic.queries import accident_desk as desk
from minjing.modules.traffic.queries import accidents as found
from minjing.modules.traffic.queries import registers
from minjing.modules.traffic.rules import plates, settlement

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
JOINS = Limit(20, timedelta(hours=1))
SAID, SAID_MOST = "traffic_accident.said", 1_000
VIEWS = ("front", "back", "contact", "whole")
LIABILITY = settlement.LIABILITY


def begin(
    place: str,
    plate_text: str,
    *,
    injured: bool,
    drunk: bool,
    by: Actor,
    now: datetime,
    org_id: int = 0,
    spot: tuple[float, float] | None = None,
) -> tuple[Accident, str]:
    """Open the settlement and return it with the code for the other phone; "" where an officer has it at once.

    `org_id` is the district, 0 where nobody knows; `spot` is what the phone says of the place, WGS-84.
    """
    person_id = _person(by)
    plate = _plate(plate_text)
    if not place.strip():
        raise Wrong("place", {"zh": "请写明地点。", "en": "Say where it happened."}, "place")
    why = settlement.for_officer(injured=injured, drunk=drunk, may_drive=_may_drive(person_id, now))
    code = "" if why else "".join(secrets.choice(ALPHABET) for _ in range(8))
    with transaction.atomic():
        row = Accident.objects.create(
            org_id=org_id, lat=spot[0] if spot else None, lon=spot[1] if spot else None,
            number=f"SG{now.astimezone(CHINA):%Y%m%d}{secrets.randbelow(10**8):08d}", happened_at=now,
            state=Accident.WITH_OFFICER if why else Accident.OPEN, place=place.strip()[:80], injured=injured, why=why,
            code_index=found.index_of(code) if code else None,
            code_until=now + timedelta(minutes=found.code_minutes()) if code else None, opened_at=now, since_at=now,
        )  # fmt: skip
        _party(row, "a", plate, person_id, by, now)
        _note("opened", row, by, now, why=why)
    return row, code


def join(code: str, plate_text: str, *, drunk: bool, by: Actor, now: datetime) -> Accident:
    """Join by the code of the other phone, once. Raises Unknown for a wrong, used or late code."""
    person_id = _person(by)
    limits.spend("traffic_join", str(by.account_id), JOINS, now)
    plate = _plate(plate_text)
    with transaction.atomic():
        row = Accident.objects.select_for_update().filter(code_index=found.index_of(code)).first()
        if row is None or row.state != Accident.OPEN or row.code_until is None or row.code_until <= now:
            raise Unknown("no_code", {
                "zh": "这个码不对、已经用过或过了时间，请对方出示新的。",
                "en": "This code is wrong, used or too old; ask the other driver for a new one.",
            })  # fmt: skip
        if AccidentParty.objects.filter(accident=row, person_id=person_id).exists():
            raise NotAllowed("oneself", {"zh": "不能和自己协商。", "en": "You cannot settle with yourself."})
        why = settlement.for_officer(injured=False, drunk=drunk, may_drive=_may_drive(person_id, now))
        _party(row, "b", plate, person_id, by, now)
        row.code_index = row.code_until = None
        _advance(row, Accident.WITH_OFFICER if why else Accident.JOINED, by, now, why=why)
    return row


def add_photo(accident_id: UUID, view: str, content: bytes, *, by: Actor, now: datetime) -> None:
    """Keep a photo of one's own side while nothing is signed. Raises Refused for what is no picture."""
    scene = found.scene(accident_id, by)
    if scene.row.state not in (Accident.OPEN, Accident.JOINED, Accident.WITH_OFFICER) or view not in VIEWS:
        raise Stale("too_late", {"zh": "现在不能再加照片。", "en": "No photo can be added now."})
    kept = files.store(
        content, by=by, owner_person=by.person_id, name=f"{view}.jpg", now=now, purpose="traffic_accident"
    )
    with transaction.atomic():
        AccidentPhoto.objects.create(
            org_id=0, accident=scene.row, party=scene.mine, view=view, file_id=kept.id, taken_at=now
        )
        _note("photographed", scene.row, by, now, view=view)


def say(accident_id: UUID, words: str, *, by: Actor, now: datetime) -> None:
    """Keep what a party says in own words, sealed under their key, until an officer has determined it."""
    told = words.strip()[:SAID_MOST]
    if not told:
        raise Wrong("said", {"zh": "请写明经过。", "en": "Say what happened."}, "said")
    with transaction.atomic():
        row = _locked(accident_id, by)
        if row.state not in (Accident.OPEN, Accident.JOINED, Accident.WITH_OFFICER):
            raise Stale("too_late", {"zh": "现在不能再改陈述。", "en": "The statement can no longer be changed."})
        mine = _side(row, by)
        mine.said_sealed = seal(mine.person_id, SAID, told)
        mine.save(update_fields=["said_sealed"])
        _note("said", row, by, now)


def show_photo(accident_id: UUID, photo_id: UUID, *, by: Actor, now: datetime) -> AccidentPhoto:
    """Return a photo that a party may see: an own one, or the other's once both have sent. Raises Unknown.

    That the other side's was shown stands in the ledger before it leaves.
    """
    scene = found.scene(accident_id, by)
    one = AccidentPhoto.objects.filter(pk=photo_id, accident=scene.row).select_related("party").first()
    if one is None or (one.party_id != scene.mine.pk and not scene.both_sent):
        raise Unknown
    if one.party_id != scene.mine.pk:
        with transaction.atomic():
            _note("shown", scene.row, by, now, of=one.party.person_id, photo=one.pk)
    return one


def show_theirs(scene: found.Scene, *, by: Actor, now: datetime) -> list[desk.Picture]:
    """Return the other side's photos, small, once both have sent; that they are shown is in the ledger before.

    A page that waits loads itself anew: what this side has been shown makes no second entry.
    """
    if scene.other is None or not scene.both_sent:
        return []
    many = len(scene.photos[scene.other.side])
    with transaction.atomic():
        seen_less = AccidentParty.objects.filter(pk=scene.mine.pk, photos_shown__lt=many)
        if seen_less.update(photos_shown=many):
            _note("shown", scene.row, by, now, of=scene.other.person_id, photos=many)
    return desk.pictures(scene.other)


@transaction.atomic
def propose(accident_id: UUID, situation: str, at_fault: str, *, by: Actor, now: datetime) -> Accident:
    """Say what happened and whose act it was; the liability follows, and the other side signs it or not."""
    row = _locked(accident_id, by)
    if row.state not in (Accident.JOINED, Accident.PROPOSED) or row.parties.filter(signed_at__isnull=False).exists():
        raise Stale("stale", {"zh": "对方刚刚有了操作，请看最新情况。", "en": "The other side has just acted."})
    if situation not in found.situations():
        raise Wrong("situation", {"zh": "请选择一种情形。", "en": "Choose a situation."}, "situation")
    chosen = found.situations()[situation]
    if not chosen.both and at_fault not in ("a", "b"):
        raise Wrong("at_fault", {"zh": "请选择是谁的行为。", "en": "Say whose act it was."}, "at_fault")
    for side in ("a", "b"):
        if AccidentPhoto.objects.filter(accident=row, party__side=side).count() < found.photos_least():
            raise Wrong("photos", {
                "zh": f"双方各至少 {found.photos_least()} 张照片。",
                "en": f"Each side needs {found.photos_least()} photos at least.",
            }, "photos")  # fmt: skip
    row.situation, row.at_fault = situation, "both" if chosen.both else at_fault
    row.proposed_by = _side(row, by).side
    for party in row.parties.all():
        party.liability = settlement.liability(chosen, at_fault)[party.side]
        party.save(update_fields=["liability"])
    _advance(row, Accident.PROPOSED, by, now)
    return row


@transaction.atomic
def sign(accident_id: UUID, digest_hex: str, *, by: Actor, now: datetime) -> Accident:
    """Sign the words as they were shown; with both signatures the agreement is issued to each. Raises Stale.

    `digest_hex` names the words on the signer's screen: others than those in the register are not signed. Signed
    again, nothing happens.
    """
    row = _locked(accident_id, by)
    parties = {p.side: p for p in row.parties.all()}
    mine = parties[_side(row, by).side]
    if mine.signed_sha256 is not None and bytes(mine.signed_sha256).hex() == digest_hex:
        return row
    said = found.signed_words(row, {side: p.plate for side, p in parties.items()})
    if row.state != Accident.PROPOSED or settlement.digest(said).hex() != digest_hex:
        raise Stale("stale", {
            "zh": "内容刚刚变了，请看过新的再签。",
            "en": "It has just changed; read it again before you sign.",
        })  # fmt: skip
    payload = {"accident": row.pk, "side": mine.side, "sha256": digest_hex, "by": by.account_id}
    entry = ledger.entry(f"{events.ACCIDENT}:signed", payload, at=now, subject_id=mine.person_id)
    ledger.append(entry)
    mine.signed_at, mine.signed_sha256, mine.signed_entry_id = now, bytes.fromhex(digest_hex), entry.id
    mine.save(update_fields=["signed_at", "signed_sha256", "signed_entry_id"])
    if all(p.signed_at is not None for p in parties.values()):
        _issue(row, parties, by, now)
        _advance(row, Accident.SETTLED, by, now)
    return row


@transaction.atomic
def to_officer(accident_id: UUID, why: str, *, by: Actor, now: datetime) -> Accident:
    """Leave it to an officer: somebody is hurt after all, or the two do not agree. Not once both have signed."""
    row = _locked(accident_id, by)
    if row.state in Accident.ENDED or why not in ("injured", "disagree"):
        raise Stale("ended", {"zh": "这起事故已经处理完。", "en": "This accident is closed."})
    if row.state == Accident.WITH_OFFICER and (row.injured or why != "injured"):
        return row
    row.injured = row.injured or why == "injured"
    row.code_index = row.code_until = None
    _advance(row, Accident.WITH_OFFICER, by, now, why=why)
    return row


# ---- steps ----------------------------------------------------------------------------------------------


def _person(by: Actor) -> UUID:
    if not by.is_resident or by.person_id is None:
        raise NotAllowed("number_first", {"zh": "请先完成实名核验。", "en": "Say who you are first."})
    return by.person_id


def _plate(text: str) -> str:
    try:
        return plates.parse(text).text
    except plates.WrongPlate as wrong:
        raise Wrong("plate", plate_words(wrong), "plate") from None


def _may_drive(person_id: UUID, now: datetime) -> bool:
    licence = registers.licence_of(person_id)
    return licence is not None and registers.may_drive(licence, local_day(now))


def _party(row: Accident, side: str, plate: str, person_id: UUID, by: Actor, now: datetime) -> AccidentParty:
    known = registers.vehicles_of_plate(plate)
    return AccidentParty.objects.create(
        org_id=0, accident=row, side=side, account_id=by.account_id, person_id=person_id, plate=plate,
        vehicle_id=known[0].pk if known else None, joined_at=now,
    )  # fmt: skip


def _locked(accident_id: UUID, by: Actor) -> Accident:
    row = Accident.objects.select_for_update().filter(pk=accident_id).first()
    if row is None:
        raise Unknown
    _side(row, by)
    return row


def _side(row: Accident, by: Actor) -> AccidentParty:
    mine = row.parties.filter(person_id=by.person_id).first() if by.person_id else None
    if mine is None:
        raise Unknown
    return mine


def _advance(row: Accident, state: str, by: Actor, now: datetime, *, why: str = "") -> None:
    row.state, row.why = state, why
    row.since_at = max(now, row.since_at + timedelta(microseconds=1))
    row.save()
    _note(state, row, by, now, why=why)
    for party in row.parties.exclude(account_id=by.account_id):
        if party.account_id is not None:
            said = {"number": row.number}
            about = f"accident:{row.pk}:{state}:{row.since_at.isoformat()}"
            notify.tell(party.account_id, f"accident_{state}", said, dedupe=about, now=now)


def _note(what: str, row: Accident, by: Actor, now: datetime, of: UUID | None = None, **more: object) -> None:
    """Write what a party did; `of` is whose record it concerns where that is not the party's own."""
    said = {"accident": row.pk, "by": by.account_id, **{key: value for key, value in more.items() if value}}
    ledger.append(ledger.entry(f"{events.ACCIDENT}:{what}", said, at=now, subject_id=of or by.person_id))


def _issue(row: Accident, parties: Mapping[str, AccidentParty], by: Actor, now: datetime) -> None:
    """Issue the agreement to each party: the same words, both signatures by the entries of their acts."""
    title = found.situations()[row.situation].title
    facts: list[tuple[Text, str]] = [
        ({"zh": "时间", "en": "When"}, row.happened_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")),
        ({"zh": "地点", "en": "Where"}, row.place),
        ({"zh": "情形", "en": "Situation"}, title["zh"]),
    ]
    for side, name in (("a", {"zh": "甲方", "en": "Party A"}), ("b", {"zh": "乙方", "en": "Party B"})):
        party = parties[side]
        assert party.signed_at is not None
        signed = party.signed_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        facts.append((name, f"{plates.shown(party.plate)}　{LIABILITY[party.liability]['zh']}"))
        facts.append(
            (
                {"zh": f"{name['zh']}签名", "en": f"Signature of {name['en']}"},
                f"{signed} 登录本人账户签署，账本条目 {party.signed_entry_id}",
            )
        )
    bureau = Unit.objects.filter(level=Unit.BUREAU).order_by("pk").first()
    if bureau is None:
        return
    for party in parties.values():
        issued = papers.issue(
            kind="traffic_done", title={"zh": "道路交通事故自行协商协议书", "en": "Accident settlement agreement"},
            matter_id=row.pk, matter_number=row.number, org_id=0, holder_person=party.person_id, facts=facts,
            valid_until=None, unit_id=bureau.pk, by=by, now=now,
        )  # fmt: skip
        AccidentParty.objects.filter(pk=party.pk).update(paper_id=issued.id)
