"""Binding vehicles and licences to an account, and ending it: the owner agrees first and is told each time.

A row is locked before it is read, so that of two answers, or of an answer and an end, one is first and the other
finds what the first has done. Whoever sells a vehicle ends its bindings by the same act (`registers.change_vehicle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import connection, transaction

from minjing.base.clock import CHINA
from minjing.kernel.identity import limits
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Stale, Text, Unknown, Wrong
from minjing.kernel.identity.limits import Limit
from minjing.kernel.identity.queries import account_of_person
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import events
from minjing.modules.traffic.errors import plate_words
from minjing.modules.traffic.models import Binding, Vehicle
from minjing.modules.traffic.queries import registers, stars
from minjing.modules.traffic.queries.bindings import USER
from minjing.modules.traffic.rules import plates

LOANS = (7, 30, 365)  # days for which an owner may lend, beside "until I end it"
VIN_TAIL = 4  # signs of the VIN's end that must fit at least
TRIES = Limit(20, timedelta(days=1))  # plates tried by one account: the register is not to be read out by guessing
NUMBER_FIRST: Text = {
    "zh": "请先完成实名核验（姓名和身份证号码）。",
    "en": "Say who you are first: name and ID number.",
}
NOT_TOGETHER: Text = {
    "zh": "号牌和车架号末位对不上，请照行驶证核对。",
    "en": "Plate and end of the VIN do not belong together. Compare them with the vehicle licence.",
}


def bind(plate_text: str, vin_tail: str, *, by: Actor, now: datetime) -> Binding:
    """Bind a vehicle: one's own at once; another's is asked of its owner, who is told. Return the binding.

    Raises Wrong with the field (plate, vin), NotAllowed (no identity, too many, a firm's vehicle), TooMany. An open
    binding of the same vehicle is returned as it is.
    """
    person_id = _person(by)
    limits.spend("traffic_bind", str(by.account_id), TRIES, now)
    try:
        plate = plates.parse(plate_text)
    except plates.WrongPlate as wrong:
        raise Wrong("plate", plate_words(wrong), "plate") from None
    vehicle = _fitting(plate.text, vin_tail.strip().upper())
    if vehicle is None:
        _refused("not_together", by, now)
        raise Wrong("not_together", NOT_TOGETHER, "vin")
    own = vehicle.owner_person_id == person_id
    if vehicle.owner_person_id is None:
        _refused("firm", by, now)
        raise NotAllowed(
            "firm",
            {
                "zh": "这是单位车辆，请由单位经办人办理。",
                "en": "This vehicle belongs to a firm; whoever acts for it has to do this.",
            },
        )
    with transaction.atomic():
        _one_at_a_time(by.account_id)
        _lapse(by.account_id, now)
        open_one = Binding.objects.filter(account_id=by.account_id, vehicle=vehicle, state__in=Binding.OPEN).first()
        if open_one is not None:
            return open_one
        if not own and _others(by.account_id) >= stars.others_max():
            raise NotAllowed("too_many_vehicles", _too_many())
        row = Binding.objects.create(
            org_id=vehicle.org_id,
            account_id=by.account_id,
            person_id=person_id,
            kind=Binding.OWN if own else Binding.OTHER,
            vehicle=vehicle,
            owner_person_id=vehicle.owner_person_id,
            user_sealed=None if own else seal(vehicle.owner_person_id, USER, by.name),
            state=Binding.BOUND if own else Binding.ASKED,
            asked_at=now,
            answered_at=now if own else None,
            until_at=None if own else now + timedelta(days=stars.ask_lapses_days()),
            since_at=now,
        )
        _note("bound" if own else "asked", row, by, now)
        if not own:
            said = {"plate": plates.shown(vehicle.plate), "days": stars.ask_lapses_days(), "name": by.name}
            _tell(account_of_person(vehicle.owner_person_id), "vehicle_asked", said, row, now)
    return row


@transaction.atomic
def lend(vehicle: Vehicle, user: UUID, *, until: date | None, by: Actor, now: datetime) -> Binding:
    """Bind a vehicle to somebody whom its owner names, until a day: the asking is the consent, the user is told.

    Raises Unknown for who is not the owner, NotAllowed for a user without an account or for oneself. An open ask of
    the user's is answered by it.
    """
    if by.person_id is None or vehicle.owner_person_id != by.person_id:
        raise Unknown
    account_id = account_of_person(user)
    if account_id is None or user == by.person_id:
        raise NotAllowed(
            "no_account",
            {
                "zh": "使用人须是另一名已注册的用户。",
                "en": "The user has to be another person registered here.",
            },
        )
    ends = datetime.combine(until, time.max, CHINA) if until else None
    _one_at_a_time(account_id)
    row = Binding.objects.select_for_update().filter(
        account_id=account_id, vehicle=vehicle, state__in=Binding.OPEN
    ).first()  # fmt: skip
    if row is None:
        row = Binding(
            org_id=vehicle.org_id, account_id=account_id, person_id=user, kind=Binding.OTHER, vehicle=vehicle,
            owner_person_id=by.person_id, asked_at=now, since_at=now, state=Binding.BOUND,
        )  # fmt: skip
    row.state, row.answered_at, row.until_at = Binding.BOUND, now, ends
    if not row._state.adding:
        row.since_at = max(now, row.since_at + timedelta(microseconds=1))
    row.save()
    _note("bound", row, by, now)
    said = {"plate": plates.shown(vehicle.plate), "answer": {"zh": "同意了", "en": "agreed"}}
    _tell(account_id, "vehicle_answered", said, row, now)
    return row


def bind_licence(file_number: str, *, by: Actor, now: datetime) -> Binding:
    """Bind one's own licence, shown by its file number. Raises Wrong, NotAllowed, TooMany."""
    person_id = _person(by)
    limits.spend("traffic_bind", str(by.account_id), TRIES, now)
    licence = registers.licence_of(person_id)
    if licence is None or licence.file_number != file_number.strip():
        _refused("not_own_licence", by, now)
        raise Wrong(
            "not_own_licence",
            {
                "zh": "档案编号与您名下的驾驶证不符，请照驾驶证副页核对。",
                "en": "This is not the file number of your licence; it stands on the second page of the licence.",
            },
            "file_number",
        )
    with transaction.atomic():
        _one_at_a_time(by.account_id)
        bound = Binding.objects.filter(account_id=by.account_id, kind=Binding.LICENCE, state=Binding.BOUND).first()
        if bound is not None:
            return bound
        row = Binding.objects.create(
            org_id=licence.org_id,
            account_id=by.account_id,
            person_id=person_id,
            kind=Binding.LICENCE,
            licence=licence,
            state=Binding.BOUND,
            asked_at=now,
            answered_at=now,
            since_at=now,
        )
        _note("bound", row, by, now)
    return row


@transaction.atomic
def answer(binding_id: UUID, accept: bool, *, by: Actor, now: datetime, days: int | None = None) -> Binding:
    """Agree to an ask for one’s vehicle, for some days or until ended, or decline. Raises Unknown, Wrong, Stale."""
    if days is not None and days not in LOANS:
        raise Wrong("days", {"zh": "请选择给出的天数。", "en": "Choose one of the numbers of days."}, "days")
    row = _locked(binding_id)
    vehicle = Vehicle.objects.select_for_update().get(pk=row.vehicle_id) if row.vehicle_id else None
    if vehicle is None or by.person_id is None or vehicle.owner_person_id != by.person_id:
        raise Unknown
    if row.state != Binding.ASKED:
        raise Stale("answered", _already(row))
    if row.until_at is not None and row.until_at <= now:  # the list of open ones leaves it out; asked anew it ends
        raise Stale("lapsed", {"zh": "这个请求已过期。", "en": "This request has lapsed."})
    row.answered_at = now
    row.until_at = now + timedelta(days=days) if accept and days else None
    _move(row, Binding.BOUND if accept else Binding.DECLINED, now)
    _note("bound" if accept else "declined", row, by, now)
    said = {
        "plate": plates.shown(vehicle.plate),
        "answer": {"zh": "同意了" if accept else "没有同意", "en": "agreed" if accept else "did not agree"},
    }
    _tell(row.account_id, "vehicle_answered", said, row, now)
    return row


@transaction.atomic
def end(binding_id: UUID, *, by: Actor, now: datetime) -> bool:
    """End a binding: its user's own act, or the owner's of the vehicle; the other is told. False: it had ended.

    Raises Unknown for anybody else.
    """
    row = _locked(binding_id)
    owner = row.vehicle is not None and by.person_id is not None and row.vehicle.owner_person_id == by.person_id
    mine = row.account_id == by.account_id
    if not (owner or mine):
        raise Unknown
    if row.state not in Binding.OPEN:
        return False
    _move(row, Binding.ENDED, now, ended_by="user" if mine else "owner")
    _note("ended", row, by, now)
    if row.vehicle is not None and row.kind == Binding.OTHER:
        other = (
            row.account_id if not mine else account_of_person(row.owner_person_id) if row.owner_person_id else None
        )
        _tell(other, "vehicle_unbound", {"plate": plates.shown(row.vehicle.plate)}, row, now)
    return True


def end_all_of(vehicle: Vehicle, *, by: Actor, now: datetime) -> None:
    """End every open binding of a vehicle that has another owner now, inside the act that gave it away."""
    rows = Binding.objects.select_for_update().filter(vehicle=vehicle, state__in=Binding.OPEN).order_by("id")
    for row in rows:
        _move(row, Binding.ENDED, now, ended_by="transfer")
        _note("ended", row, by, now)
        plate = plates.shown(vehicle.plate) if vehicle.plate else {"zh": "已转让的车辆", "en": "the vehicle sold"}
        _tell(row.account_id, "vehicle_sold", {"plate": plate}, row, now)


# ---- steps ----------------------------------------------------------------------------------------------


def _person(by: Actor) -> UUID:
    if not by.is_resident or by.person_id is None:
        raise NotAllowed("number_first", NUMBER_FIRST)
    return by.person_id


def _fitting(plate: str, vin_tail: str) -> Vehicle | None:
    """Return the vehicle with this plate whose VIN ends so; one road for a wrong plate and a wrong VIN."""
    if len(vin_tail) < VIN_TAIL:
        return None
    return next((v for v in registers.vehicles_of_plate(plate) if v.vin.endswith(vin_tail)), None)


def _one_at_a_time(account_id: UUID) -> None:
    """Let one binding of an account be made at a time, so that the count of others' vehicles is true."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"traffic_bind:{account_id}"])


def _lapse(account_id: UUID, now: datetime) -> None:
    """End what has run out: asks without an answer, and loans whose days are over."""
    for row in Binding.objects.select_for_update().filter(
        account_id=account_id, state__in=Binding.OPEN, until_at__lte=now
    ):
        _move(row, Binding.ENDED, now, ended_by="lapse")


def _others(account_id: UUID) -> int:
    return Binding.objects.filter(account_id=account_id, kind=Binding.OTHER, state__in=Binding.OPEN).count()


def _too_many() -> Text:
    most = stars.others_max()
    return {
        "zh": f"最多绑定 {most} 辆他人的车（平台规则），请先解绑一辆。",
        "en": f"You can have {most} vehicles of others at most (platform rule); unbind one first.",
    }


def _already(row: Binding) -> Text:
    said = {
        Binding.BOUND: ("您已经同意了这个请求。", "You have agreed to this already."),
        Binding.DECLINED: ("您已经拒绝了这个请求。", "You have declined this already."),
        Binding.ENDED: ("这个请求已经撤回或结束。", "This request was taken back or has ended."),
    }
    zh, en = said[row.state]
    return {"zh": zh, "en": en}


def _locked(binding_id: UUID) -> Binding:
    row = Binding.objects.select_for_update(of=("self",)).select_related("vehicle").filter(pk=binding_id).first()
    if row is None:
        raise Unknown
    return row


def _move(row: Binding, state: str, now: datetime, *, ended_by: str = "") -> None:
    row.state, row.ended_by = state, ended_by
    row.since_at = max(now, row.since_at + timedelta(microseconds=1))
    row.save(update_fields=["state", "ended_by", "since_at", "answered_at", "until_at"])


def _note(what: str, row: Binding, by: Actor, now: datetime) -> None:
    """Write the act for whoever it concerns: the user, and the owner where that is another."""
    said = {"binding": row.pk, "kind": row.kind, "by": by.account_id}
    concerned: Iterable[UUID] = dict.fromkeys(p for p in (row.person_id, row.owner_person_id) if p)
    ledger.append(
        *(
            ledger.entry(f"{events.BINDING}:{what}", said, at=now, org_id=row.org_id, subject_id=person)
            for person in concerned
        )
    )


def _refused(why: str, by: Actor, now: datetime) -> None:
    said = {"by": by.account_id, "why": why}
    ledger.append(ledger.entry(f"{events.BINDING}:refused", said, at=now, subject_id=by.person_id))


def _tell(account_id: UUID | None, template: str, said: Mapping[str, object], row: Binding, now: datetime) -> None:
    if account_id is not None:
        notify.tell(account_id, template, said, dedupe=f"{template}:{row.pk}:{row.state}", now=now, org_id=row.org_id)
