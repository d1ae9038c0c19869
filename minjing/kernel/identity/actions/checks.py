"""A resident's check, step by step: the card, its fields, who compares, the challenge before the camera."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from minjing.base.clock import local_day
from minjing.kernel.identity import limits, sealing
from minjing.kernel.identity.actions import proofs
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Stale, TooMany, Unknown, Wrong
from minjing.kernel.identity.models import Check, CheckPicture
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.providers import reading
from minjing.kernel.identity.queries import checks as queries
from minjing.kernel.identity.rules import card, checks, faces
from minjing.kernel.ledger import actions as ledger

SHOWN = (
    "name",
    "id_number",
    "valid_from",
    "valid_to",
    "issuer",
)  # what people confirm; the rest follows or is dropped
BEFORE = Stale(
    "moved_on",
    {"zh": "核验已进行到另一步，请从当前步骤继续。", "en": "The check has moved on; go on from where it stands."},
)


def open_check(
    *, by: Actor, purpose: str = Check.LEVEL, person_id: UUID | None = None, session_ref: UUID | None, now: datetime
) -> Check:
    """Begin a check of who the asker is, or go on with the one that is open. Raises NotAllowed, TooMany.

    `person_id` is whom it would prove them to be: oneself, or the person whose account is to be recovered.
    """
    person = person_id or by.person_id
    if not by.is_resident or person is None:
        raise NotAllowed(
            "number_first",
            {"zh": "请先填写姓名和身份证号码。", "en": "Give your name and ID number first."},
        )
    begun = queries.open_check(by.account_id, purpose, now)
    if begun is not None:
        _tell_begun(by, now)
        return begun
    _spend("check", by, person, limits.CHECK, now)
    with transaction.atomic():
        made = Check.objects.create(
            account_id=by.account_id,
            person_id=person,
            purpose=purpose,
            state=Check.CARD,
            opened_at=now,
            expires_at=now + checks.FILLING_LASTS,
            session_ref=session_ref,
        )
        proofs.note("opened", made, by, now, purpose=purpose)
        _tell_begun(by, now)
    return made


def _tell_begun(by: Actor, now: datetime) -> None:
    for follow in plugs.check_begun:
        follow(by, now)


def give_up(check_id: UUID, *, by: Actor, now: datetime) -> None:
    """End a check at the asker's wish; its pictures go at once."""
    with transaction.atomic():
        proofs.end(own(check_id, by, now), "given_up", by=by, now=now)


def own(check_id: UUID, by: Actor, now: datetime, *states: str) -> Check:
    """Return the asker's own open check, locked. Raises Unknown, Wrong when it stands elsewhere by now."""
    row = Check.objects.select_for_update().filter(pk=check_id, account_id=by.account_id, expires_at__gt=now).first()
    if row is None or row.state in Check.ENDED:
        raise Unknown
    if states and row.state not in states:
        raise BEFORE
    return row


# ---- the card -------------------------------------------------------------------------------------------


def keep_card(check_id: UUID, front: bytes, back: bytes, *, by: Actor, now: datetime) -> None:
    """Keep the photos of both sides and read them; what is not read is typed. Raises Wrong, TooMany."""
    check = _standing(check_id, by, now, Check.CARD, Check.FIELDS)
    _spend("card", by, check.person_id, limits.CARD, now)
    pictures = {CheckPicture.FRONT: _cleaned(front, "front"), CheckPicture.BACK: _cleaned(back, "back")}
    read = _read(pictures[CheckPicture.FRONT], pictures[CheckPicture.BACK], now)
    if read is not None and read.portrait is not None:
        pictures[CheckPicture.PORTRAIT] = read.portrait
    with transaction.atomic():
        row = own(check_id, by, now, Check.CARD, Check.FIELDS)
        _keep(row, pictures, now)
        row.state, row.reader = Check.FIELDS, read.engine[:60] if read else ""
        row.said_sealed = proofs.sealed(row.person_id, _as_read(read))
        row.save(update_fields=["state", "reader", "said_sealed"])


def _read(front: bytes, back: bytes, now: datetime) -> card.CardReading | None:
    try:
        return reading.read_card(front, back, today=local_day(now))
    except reading.Unread as unread:
        if unread.key == "no_card":
            raise Wrong("no_card", {"zh": unread.zh, "en": unread.en}, "front") from None
        return None  # the machine is down or slow: people type what the card says, and somebody looks at it


def _as_read(read: card.CardReading | None) -> dict[str, Any]:
    if read is None:
        return {"fields": {}, "confirm": list(SHOWN), "remarks": []}
    return {
        "fields": {name: one.value for name, one in read.fields.items() if name in card.TITLES and name != "address"},
        "confirm": [name for name in read.confirm if name in SHOWN],
        "remarks": [
            {"zh": one.zh, "en": one.en} for one in read.remarks if set(one.fields) <= {*SHOWN, "birth_date", "sex"}
        ],
    }


def confirm_fields(check_id: UUID, said: Mapping[str, str], *, by: Actor, now: datetime) -> None:
    """Take what the holder confirms of the card, held against itself, the day and the account's own person.

    Raises Wrong with the field, and NotAllowed for another's card or an expired one, which ends the check.
    """
    given = {name: said.get(name, "").strip() for name in SHOWN}
    fields, remarks = _judged(given, now)
    check = _standing(check_id, by, now, Check.FIELDS)
    refused = read_and_whose(check.person_id, fields, remarks, now)
    with transaction.atomic():
        row = own(check_id, by, now, Check.FIELDS)
        if refused:
            proofs.end(row, refused, by=by, now=now)
        else:
            row.said_sealed = proofs.sealed(row.person_id, {"fields": fields})
            row.state = Check.WAY
            row.save(update_fields=["said_sealed", "state"])
    if refused:
        raise NotAllowed(refused, checks.OUTCOMES[refused])


def read_and_whose(person_id: UUID, fields: Mapping[str, str], remarks: Sequence[card.Remark], now: datetime) -> str:
    """Return "" when the card is that person's and good today, otherwise the outcome that refuses it."""
    name, number = queries.name_and_number(person_id)
    refused = checks.whose_card(fields, name=name, id_number=number)
    if not refused and any(remark.key == "expired" for remark in remarks):
        refused = "expired_card"
    if not refused and plugs.check_register is not None:
        vouched = plugs.check_register(name=name, id_number=number, now=now)
        refused = "" if vouched.alive else "not_alive"
    return refused


FIELD_WORDS = {"zh": "请照身份证填写。", "en": "Fill this in as it stands on the card."}
DATE_WORDS = {
    "zh": "请写成 2020-01-31 的样子；长期有效的填“长期”。",
    "en": "Write it like 2020-01-31; where the card says 长期, write 长期.",
}


def _judged(given: Mapping[str, str], now: datetime) -> tuple[dict[str, str], tuple[card.Remark, ...]]:
    """Return the fields as they are kept and what speaks against them. Raises Wrong at the first that cannot be."""
    fields = dict(given)
    for name in SHOWN:
        if not fields[name]:
            raise Wrong(f"card_{name}", FIELD_WORDS, name)
    for name in ("valid_from", "valid_to"):
        fields[name] = _day(fields[name], name)
    judged = card.judge({name: card.Field(value, 1.0) for name, value in fields.items()}, local_day(now))
    for remark in judged.remarks:
        if remark.key.startswith(("number_", "period_")) or remark.key == "issuer_odd":
            raise Wrong(f"card_{remark.key}", {"zh": remark.zh, "en": remark.en}, remark.fields[0])
    return fields, judged.remarks


def _day(text: str, name: str) -> str:
    if name == "valid_to" and text in ("长期", card.LONG_TERM, "long term"):
        return card.LONG_TERM
    parts = text.replace(".", "-").replace("/", "-").replace("年", "-").replace("月", "-").rstrip("日").split("-")
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day).isoformat()
    except (ValueError, TypeError):
        raise Wrong(f"card_{name}", DATE_WORDS, name) from None


# ---- who compares ---------------------------------------------------------------------------------------


def choose_way(check_id: UUID, way: str, *, by: Actor, now: datetime) -> None:
    """Take who is to compare: the machine, which is a consent of its own, or an officer. Raises Wrong."""
    if way not in (checks.MACHINE, checks.OFFICER) or (way == checks.MACHINE and not reading.available()):
        raise Wrong("way", {"zh": "请选择由谁比对。", "en": "Choose who compares."}, "way")
    with transaction.atomic():
        row = own(check_id, by, now, Check.WAY, Check.SELFIE)
        row.consented_at = now if way == checks.MACHINE else None
        row.state = Check.SELFIE
        _draw(row, now)
        row.save(update_fields=["consented_at", "state", "challenge", "challenge_until"])
        proofs.note("way_chosen", row, by, now, way=way)


def draw_again(check_id: UUID, *, by: Actor, now: datetime) -> None:
    """Ask for another step before the camera; the one before is void."""
    with transaction.atomic():
        row = own(check_id, by, now, Check.SELFIE)
        _draw(row, now)
        row.save(update_fields=["challenge", "challenge_until"])
        proofs.note("challenged", row, by, now, challenge=row.challenge)


def _draw(row: Check, now: datetime) -> None:
    row.challenge = secrets.choice(list(checks.STEPS))
    row.challenge_until = now + checks.CHALLENGE_LASTS


# ---- before the camera ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compared:
    """What the machine made of it: an outcome, or why it does not decide."""

    outcome: str  # same | again | officer
    why: Mapping[str, str] | None = None
    engine: str = ""
    distance: float | None = None
    threshold: float | None = None


LATE = {
    "zh": "时间到了，为防止用录好的视频顶替，换了一个新动作。请按新动作再拍。",
    "en": "Time is up. So that no recording can be used, there is a new step: take the photos again with it.",
}
NOT_DONE = {
    "zh": "第二张照片没有看到要求的动作。换了一个新动作，请再拍两张；也可以改由民警比对。",
    "en": "The second photo does not show the step that was asked for. Here is a new one: take both photos again, or "
    "let an officer compare.",
}
TO_CONFIRM = {
    "zh": "机器认为两张照片是同一个人，将由民警确认。",
    "en": "The machine holds the photos for one person; an officer confirms it.",
}
UNLIKE = {
    "zh": "机器没有认出两张照片是同一个人，将由民警对照。机器的结论不会单独作为拒绝的理由。",
    "en": "The machine did not hold the photos for one person; an officer compares them. The machine alone refuses "
    "nobody.",
}


def keep_selfie(check_id: UUID, straight: bytes, turned: bytes, *, by: Actor, device: str, now: datetime) -> Compared:
    """Take the two photos for the step that was drawn; compare them, or lay them before an officer.

    The step is used up by coming here, in time or not. Raises Wrong, TooMany.
    """
    check = _standing(check_id, by, now, Check.SELFIE)
    _spend("selfie", by, check.person_id, limits.SELFIE, now)
    # Used up before anything is judged, in a statement of its own: of two posts at once, one counts.
    used = Check.objects.filter(pk=check_id, state=Check.SELFIE, challenge_until__gt=now).update(
        challenge_until=None, tries=F("tries") + 1
    )
    pictures = {}
    try:
        if used:
            pictures = {
                CheckPicture.STRAIGHT: _cleaned(straight, "straight"),
                CheckPicture.TURNED: _cleaned(turned, "turned"),
            }
    except Wrong:
        draw_again(check_id, by=by, now=now)
        raise
    if not used:
        draw_again(check_id, by=by, now=now)
        raise Wrong("challenge_over", LATE, "straight")
    found = _compared(check, pictures) if check.consented_at else Compared("officer")
    if found.outcome == "again" and check.tries + 1 >= checks.TRIES:
        found = Compared("officer", UNLIKE if found.why is None else found.why)
    with transaction.atomic():
        row = own(check_id, by, now, Check.SELFIE)
        row.engine, row.distance, row.threshold = found.engine[:60], found.distance, found.threshold
        row.device_index = bytes.fromhex(device) if device else None
        if found.outcome == "same":
            _proved_by_machine(row, by, now)
        elif found.outcome == "officer":
            _keep(row, pictures, now)
            row.state, row.expires_at = Check.WAITING, now + checks.WAITING_LASTS
            row.save()
            proofs.note("laid_before", row, by, now, challenge=row.challenge)
        else:
            _draw(row, now)
            row.save()
            proofs.note("not_followed", row, by, now, challenge=check.challenge)
    return found


def _proved_by_machine(row: Check, by: Actor, now: datetime) -> None:
    if row.purpose == Check.RECOVERY:
        from minjing.kernel.identity.actions import recoveries

        recoveries.proved(row, at_counter=False, by=by, now=now)
    else:
        proofs.prove(row, method=proofs.MACHINE, by=by, now=now)


def _compared(check: Check, pictures: Mapping[str, bytes]) -> Compared:
    """Let the machine look: did the second photo answer the step, and is the face that of the card?"""
    straight, turned = pictures[CheckPicture.STRAIGHT], pictures[CheckPicture.TURNED]
    posed = reading.check_pose(straight, turned, check.challenge)
    if isinstance(posed, faces.NoEngine):
        return Compared("officer")
    if isinstance(posed, faces.Doubt):
        return Compared("again", {"zh": posed.zh, "en": posed.en})
    if not posed.followed:
        return Compared("again", NOT_DONE)
    found = reading.compare_faces(queries.reference(check), straight)
    if isinstance(found, faces.NoEngine):
        return Compared("officer")
    engine = f"{found.engine} {found.version}".strip()
    if isinstance(found, faces.Doubt):
        why = {"zh": found.zh, "en": found.en}
        outcome = "again" if found.reason in ("many_faces", "small") else "officer"
        return Compared(outcome, why, engine, found.score)
    if found.same and settings.FACE_DECIDES:
        return Compared("same", None, engine, found.score, found.threshold)
    if found.same:
        return Compared("officer", TO_CONFIRM, engine, found.score, found.threshold)
    return Compared("officer", UNLIKE, engine, found.score, found.threshold)


# ---- what the steps share -------------------------------------------------------------------------------


def _standing(check_id: UUID, by: Actor, now: datetime, *states: str) -> Check:
    """Return the asker's own open check without locking it: what follows takes seconds."""
    with transaction.atomic():
        return own(check_id, by, now, *states)


def _cleaned(content: bytes, field: str) -> bytes:
    if not content:
        raise Wrong(f"{field}_missing", {"zh": "请拍照或选择照片。", "en": "Take a photo, or choose one."}, field)
    if plugs.clean_picture is None:
        raise NotAllowed("no_cleaner", {"zh": "暂时不能接收照片。", "en": "Photos cannot be taken now."})
    try:
        return plugs.clean_picture(content)
    except Wrong as wrong:
        raise Wrong(wrong.key, wrong.text, field) from None


def _keep(row: Check, pictures: Mapping[str, bytes], now: datetime) -> None:
    """Keep pictures of a check, sealed, in place of those of the same part; the caller holds the row locked."""
    CheckPicture.objects.filter(check_of=row, part__in=list(pictures)).delete()
    CheckPicture.objects.bulk_create(
        CheckPicture(
            check_of=row,
            part=part,
            content_sealed=sealing.seal(row.person_id, queries.PICTURE, content),
            taken_at=now,
        )
        for part, content in pictures.items()
    )


def _spend(what: str, by: Actor, person_id: UUID, limit: limits.Limit, now: datetime) -> None:
    """Count a try; one too many is on record before it is told."""
    try:
        limits.spend(what, str(by.account_id), limit, now)
    except TooMany:
        said = {"by": by.account_id, "reason": "too_many", "step": what}
        ledger.append(ledger.entry("identity:check:refused", said, at=now, subject_id=person_id))
        raise


def said_of(row: Check) -> dict[str, Any]:
    """Return what was read or confirmed of the holder's own card, for their own page."""
    return (
        dict(json.loads(sealing.unseal(row.person_id, queries.SAID, bytes(row.said_sealed))))
        if row.said_sealed
        else {}
    )
