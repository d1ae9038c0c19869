"""Mandates: offered by one, accepted by the other, ended by either; guardians by the register or by papers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from stdnum.cn import uscc as credit_code
from stdnum.exceptions import ValidationError

from minjing.base import idnumber, names
from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity import limits, sealing
from minjing.kernel.identity.actions import proofs
from minjing.kernel.identity.actions.doors import must_be_present
from minjing.kernel.identity.actions.people import ensure_person
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.identity.models import Check, CheckPicture, Mandate, Person
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.queries import checks as check_queries
from minjing.kernel.identity.queries.levels import account_of_person
from minjing.kernel.identity.queries.mandates import NAMES, may_act_for
from minjing.kernel.identity.rules import CARD, NUMBER
from minjing.kernel.identity.rules.checks import WAITING_LASTS
from minjing.kernel.identity.rules.mandates import LONGEST, OF_AGE, SERVICES_MAX, age_on, birthday
from minjing.kernel.ledger import actions as ledger

LEVEL_WORDS = {
    "zh": "委托他人前，请先核验身份证和本人。",
    "en": "Before you let somebody act for you, your card and you yourself are checked.",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a giver says: to whom, for which services, until which day; for a firm its credit code and its name."""

    name: str
    id_number: str
    services: Sequence[str]
    until: date
    since: date | None = None
    uscc: str = ""
    firm_name: str = ""
    licence: bytes = b""  # a photo of the firm's licence, for the officer who confirms that one speaks for it


def grant(offer: Offer, *, by: Actor, now: datetime) -> UUID:
    """Offer a mandate; it holds once the other has accepted, and for a firm once an officer has seen its papers.

    The same offered again while it waits is one offer. Raises NotAllowed below level 3, Wrong with the field. Whether
    the other is known here is told to nobody.
    """
    if not by.is_resident or by.person_id is None or by.level < CARD:
        raise NotAllowed("identity_level", LEVEL_WORDS)
    limits.spend("mandate", str(by.account_id), limits.MANDATE, now)
    name, number = _said_name(offer.name, "name"), _said_number(offer.id_number, now)
    own_name, own_number = check_queries.name_and_number(by.person_id)
    if number == own_number:
        raise Wrong("oneself", {"zh": "不能委托本人。", "en": "You cannot give one to yourself."}, "id_number")
    if age_on(idnumber.parse(number).birth, local_day(now)) < OF_AGE:
        raise Wrong("taker_minor", {"zh": "受托人须年满十八周岁。", "en": "They must be 18 or older."}, "id_number")
    services = _services(offer.services)
    since, until = _term(offer, now)
    kind, licence = _firm(offer)
    index, uscc = sealing.blind_index("id_number", number), offer.uscc.strip().upper()
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=by.person_id)  # a button pressed twice
        waiting = _waiting(kind, since, until, now).filter(giver_id=by.person_id, taker_index=index, uscc=uscc)
        same = waiting.filter(services=services).first()
        if same is not None:
            return same.pk
        check = (
            _papers(Check.FIRM, by, by.person_id, licence, _firm_rows(offer), now) if kind == Mandate.FIRM else None
        )
        made = Mandate.objects.create(
            kind=kind,
            giver_id=by.person_id,
            taker_index=index,
            uscc=uscc,
            firm_name=offer.firm_name.strip(),
            services=services,
            names_sealed=_names(by.person_id, own_name, name),
            source="giver",
            check_of=check,
            offered_by_id=by.account_id,
            offered_at=now,
            since=since,
            until=until,
        )
        _note("offered", made, by, now, kind=kind, services=services, until=until)
        known = Person.objects.filter(id_index=bytes(made.taker_index)).values_list("pk", flat=True).first()
        _tell(known, "mandate_offered", {"giver": own_name}, made, now)
    return made.pk


def answer(mandate_id: UUID, accept: bool, *, by: Actor, now: datetime) -> None:
    """Take or decline a mandate that was offered to the asker. Raises Unknown, NotAllowed."""
    if by.person_id is None or by.level < NUMBER:
        raise NotAllowed("number_first", {"zh": "请先完成实名核验。", "en": "Say who you are first."})
    index = Person.objects.values_list("id_index", flat=True).get(pk=by.person_id)
    with transaction.atomic():
        row = Mandate.objects.select_for_update().filter(pk=mandate_id, answered_at__isnull=True).first()
        if row is None or index is None or bytes(row.taker_index) != bytes(index) or row.revoked_at is not None:
            raise Unknown
        if row.until <= now:
            raise Stale("mandate_over", {"zh": "这份委托已过期。", "en": "This mandate is over."})
        row.taker_id, row.accepted, row.answered_at = by.person_id, accept, now
        row.save(update_fields=["taker", "accepted", "answered_at"])
        _note("accepted" if accept else "declined", row, by, now)
        said = {"answer": {"zh": "接受了" if accept else "没有接受", "en": "accepted" if accept else "declined"}}
        _tell(row.giver_id, "mandate_answered", {**said, "taker": by.name}, row, now)


@transaction.atomic
def revoke(mandate_id: UUID, *, by: Actor, now: datetime) -> None:
    """End a mandate at once: its giver at any time, its taker likewise. Raises Unknown.

    A guardian's is no gift and is not taken back so: it ends with the register, with age or by an officer.
    """
    row = Mandate.objects.select_for_update().filter(pk=mandate_id, revoked_at__isnull=True).first()
    if row is None or by.person_id is None or by.person_id not in (row.giver_id, row.taker_id):
        raise Unknown
    if row.kind == Mandate.GUARDIAN and by.person_id == row.giver_id:
        raise Unknown
    row.revoked_at, row.revoked_by_id = now, by.account_id
    row.save(update_fields=["revoked_at", "revoked_by"])
    _note("revoked", row, by, now)
    other = row.taker_id if by.person_id == row.giver_id else row.giver_id
    _tell(other, "mandate_revoked", {"name": by.name}, row, now)


def claim_guardian(name: str, id_number: str, papers: bytes, *, by: Actor, now: datetime) -> Mandate:
    """Say that one is the guardian of a minor: the register bears it out, or an officer looks at the papers.

    Raises NotAllowed below level 3, Wrong with the field, TooMany.
    """
    if not by.is_resident or by.person_id is None or by.level < CARD:
        raise NotAllowed("identity_level", LEVEL_WORDS)
    limits.spend("who", str(by.account_id), limits.WHO, now)
    spoken, number = _said_name(name, "name"), _said_number(id_number, now)
    birth = idnumber.parse(number).birth
    if age_on(birth, local_day(now)) >= OF_AGE:
        raise Wrong(
            "of_age",
            {"zh": "已满十八周岁，请由本人办理或出具委托。", "en": "Of age: they act themselves, or give a mandate."},
            "id_number",
        )
    seen = plugs.check_register(name=spoken, id_number=number, now=now) if plugs.check_register else None
    must_be_present(seen)
    if seen is None or not (seen.found and seen.name_agrees and seen.alive):
        raise Wrong(
            "not_vouched",
            {
                "zh": "姓名与身份证号码不一致，或登记库中没有。",
                "en": "Name and number do not agree, or are not in the register.",
            },
            "id_number",
        )
    child = ensure_person(name=spoken, id_number=number, now=now)
    held = may_act_for(by.account_id, child, "", now)
    if held is not None and held.kind == Mandate.GUARDIAN:  # said twice: it stands once
        return Mandate.objects.get(pk=held.mandate)
    by_register = plugs.guardian is not None and plugs.guardian(child, by.person_id, now)
    if not by_register and not papers:
        raise Wrong(
            "papers",
            {
                "zh": "登记库里查不到监护关系，请拍下出生医学证明、户口簿或监护证明。",
                "en": "The register does not show it: photograph the birth certificate or other papers.",
            },
            "papers",
        )
    picture = _picture(papers) if papers and not by_register else b""
    with transaction.atomic():
        return _guardian(child, spoken, birth, picture, by, now)


def _guardian(child: UUID, name: str, birth: date, picture: bytes, by: Actor, now: datetime) -> Mandate:
    assert by.person_id is not None
    index = Person.objects.values_list("id_index", flat=True).get(pk=by.person_id)
    rows = [({"zh": "未成年人", "en": "Minor"}, name)]
    check = _papers(Check.GUARDIAN, by, by.person_id, picture, rows, now) if picture else None
    made = Mandate.objects.create(
        kind=Mandate.GUARDIAN,
        giver_id=child,
        taker_id=by.person_id,
        taker_index=bytes(index or b""),
        services=[],
        names_sealed=_names(child, name, by.name),
        source="officer" if picture else "register",
        check_of=check,
        offered_by_id=by.account_id,
        offered_at=now,
        since=now,
        until=datetime.combine(birthday(birth, OF_AGE), datetime.min.time(), CHINA),
        answered_at=now,
        accepted=True,
    )
    _note("guardian_claimed", made, by, now, source=made.source)
    return made


def _waiting(kind: str, since: datetime, until: datetime, now: datetime) -> QuerySet[Mandate]:
    """Return the offers of this kind and term that nobody has answered, taken back or refused."""
    begins = Q(since=since) if since > now else Q(since__lte=now)
    rows = Mandate.objects.filter(begins, kind=kind, until=until, answered_at__isnull=True, revoked_at__isnull=True)
    return rows.exclude(check_of__state=Check.REFUSED)


# ---- what they share ------------------------------------------------------------------------------------


def _papers(
    purpose: str,
    by: Actor,
    person_id: UUID,
    picture: bytes,
    rows: Sequence[tuple[Mapping[str, str], str]],
    now: datetime,
) -> Check:
    """Lay papers before an officer; one such check at a time."""
    if check_queries.open_check(by.account_id, purpose, now) is not None:
        raise Stale(
            "papers_wait",
            {"zh": "您还有一份材料在等民警确认。", "en": "Papers of yours wait for an officer already."},
        )
    check = Check.objects.create(
        account_id=by.account_id,
        person_id=person_id,
        purpose=purpose,
        state=Check.WAITING,
        opened_at=now,
        expires_at=now + WAITING_LASTS,
        said_sealed=proofs.sealed(person_id, {"rows": rows}),
    )
    sealed = sealing.seal(person_id, check_queries.PICTURE, picture)
    CheckPicture.objects.create(check_of=check, part=CheckPicture.PAPER, content_sealed=sealed, taken_at=now)
    proofs.note("laid_before", check, by, now, purpose=purpose)
    return check


def _picture(content: bytes) -> bytes:
    if plugs.clean_picture is None:
        raise NotAllowed("no_cleaner", {"zh": "暂时不能接收照片。", "en": "Photos cannot be taken now."})
    try:
        return plugs.clean_picture(content)
    except Wrong as wrong:
        raise Wrong(wrong.key, wrong.text, "papers") from None


def _firm(offer: Offer) -> tuple[str, bytes]:
    if not offer.uscc.strip() and not offer.firm_name.strip():
        return Mandate.RELATIVE, b""
    try:
        credit_code.validate(offer.uscc.strip().upper())
    except ValidationError:
        raise Wrong(
            "uscc",
            {
                "zh": "统一社会信用代码的校验位不对，请逐位核对（18 位）。",
                "en": "The check character of the credit code does not fit: compare all 18 characters.",
            },
            "uscc",
        ) from None
    if not offer.firm_name.strip():
        raise Wrong("firm_name", {"zh": "请填写单位名称。", "en": "Give the firm’s name."}, "firm_name")
    if not offer.licence:
        raise Wrong(
            "licence",
            {
                "zh": "请拍下营业执照，由民警确认您可以代表该单位。",
                "en": "Photograph the licence: an officer confirms that you speak for the firm.",
            },
            "papers",
        )
    return Mandate.FIRM, _picture(offer.licence)


def _firm_rows(offer: Offer) -> list[tuple[Mapping[str, str], str]]:
    return [
        ({"zh": "单位", "en": "Firm"}, offer.firm_name.strip()),
        ({"zh": "统一社会信用代码", "en": "Credit code"}, offer.uscc.strip().upper()),
    ]


def _services(codes: Sequence[str]) -> list[str]:
    wanted = sorted(set(codes))
    if not 0 < len(wanted) <= SERVICES_MAX or not all(len(code) == 6 and code.isalnum() for code in wanted):
        raise Wrong("services", {"zh": "请选择委托办理的事项。", "en": "Choose the services it is for."}, "services")
    return wanted


def _term(offer: Offer, now: datetime) -> tuple[datetime, datetime]:
    since = now if offer.since is None or offer.since <= local_day(now) else _midnight(offer.since)
    until = _midnight(offer.until + timedelta(days=1))
    if not since < until <= since + LONGEST:
        raise Wrong(
            "until",
            {"zh": "到期日须在今天以后，最长两年。", "en": "The last day lies after today, two years ahead at most."},
            "until",
        )
    return since, until


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), CHINA)


def _said_name(text: str, field: str) -> str:
    try:
        return names.parse(text)
    except names.WrongName:
        raise Wrong(
            "name", {"zh": "请填写身份证上的姓名。", "en": "Give the name as on the identity card."}, field
        ) from None


def _said_number(text: str, now: datetime) -> str:
    try:
        return idnumber.parse(text, local_day(now)).text
    except idnumber.WrongIdNumber:
        raise Wrong(
            "id_number",
            {"zh": "身份证号码不对，请逐位核对。", "en": "The ID number is wrong: check it digit by digit."},
            "id_number",
        ) from None


def _names(giver: UUID, giver_name: str, taker_name: str) -> bytes:
    return sealing.seal(giver, NAMES, json.dumps({"giver": giver_name, "taker": taker_name}, ensure_ascii=False))


def _note(what: str, row: Mandate, by: Actor, now: datetime, **more: object) -> None:
    said = {"by": by.account_id, "mandate": row.pk, "taker": row.taker_id, **more}
    ledger.append(ledger.entry(f"identity:mandate:{what}", said, at=now, subject_id=row.giver_id))


def _tell(person_id: UUID | None, template: str, params: Mapping[str, object], row: Mandate, now: datetime) -> None:
    account_id = account_of_person(person_id) if person_id else None
    if account_id is not None and plugs.tell is not None:
        plugs.tell(account_id, template, params, dedupe=f"{template}:{row.pk}", now=now)
