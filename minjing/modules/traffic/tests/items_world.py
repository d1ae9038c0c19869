"""Who is who in the tests of the 165 services, and how one applies, pays, books, decides: through the real engine."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from PIL import Image

from minjing.base import conditions
from minjing.base.clock import CHINA, local_day
from minjing.base.idnumber import compose
from minjing.base.ids import new_id
from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as halls
from minjing.kernel.files import actions as files
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import SYSTEM, Actor, Holding
from minjing.kernel.identity.models import Account, Appointment, Post, Unit
from minjing.kernel.matters import actions, catalog, forms, plugs, publishing, queries
from minjing.kernel.matters.errors import Wrong  # noqa: F401 - for the tests
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.tests.issuing import issue_what_is_paid
from minjing.kernel.pay.actions import attempts
from minjing.kernel.pay.models import Order
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.modules.traffic.actions import consents, plate_numbers, registers
from minjing.modules.traffic.models import JointConsent

BEFORE = datetime(2026, 3, 2, 2, tzinfo=UTC)
NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)  # a Friday, ten in the morning in Shenzhen
TODAY = local_day(NOW)
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 30, 10, tzinfo=CHINA)
SLOT = MONDAY.replace(hour=10)
PLATE, OTHER_PLATE, GREEN = "粤B12345", "粤B54321", "粤BD12345"
VIN = "LSVAU2180N2183294"


class Someone:
    """A resident with an account."""

    def __init__(self, name: str, number: int, account: int) -> None:
        self.name, self.number = name, compose("440304", date(1988, 1, 5), 100 + number)
        self.account, self.person_id, self.photo = UUID(int=account), UUID(int=0), UUID(int=0)

    @property
    def actor(self) -> Actor:
        return Actor(self.account, "resident", self.person_id, self.name, level=4)

    def settle(self) -> None:
        """Make the person, the account, and one photo that serves for every paper: files have tests of their own."""
        self.person_id = identity.ensure_person(name=self.name, id_number=self.number, now=BEFORE)
        Account.objects.create(
            id=self.account, kind="resident", login=str(self.account.int), person_id=self.person_id, level=2,
            created_at=BEFORE,
        )  # fmt: skip
        self.photo = photo(self.actor)


LIN = Someone("林建夫", 11, 9101)  # owns two cars, holds C1
SU = Someone("苏婉清", 12, 9102)  # has neither car nor licence
PEOPLE = (LIN, SU)


def officer(number: int, name: str, post: str) -> Actor:
    held = Holding(post, 1, "1.", "bureau", 0, frozenset({"handle", "decide", "look", "serve"}))
    return Actor(UUID(int=number), "officer", name=name, holdings=(held,))


CLERK = officer(8101, "traffic.clerk", "traffic_clerk")
APPROVER = officer(8102, "traffic.approver", "traffic_approver")
COUNTER = officer(8103, "traffic.counter", "traffic_counter")
OFFICERS = (CLERK, APPROVER, COUNTER)
PLACES = {
    "traffic_hall": ("registration", "change", "transfer", "licence", "violation", "release", "ceremony"),
    "test_centre": ("test_one", "test_two", "test_three", "test_four", "full_points"),
    "inspection_station": ("inspection",), "claim_centre": ("claim",), "coast_gate": ("coast",),
}  # fmt: skip


@cache
def bodies() -> list[Any]:
    """Return the services of traffic, as the city has them."""
    return [body for body in catalog.load(city={}) if body.service.code.startswith("JT")]


def register(person_id: UUID, path: str, now: datetime) -> Any:
    """Answer as the population register does."""
    someone = next((s for s in PEOPLE if s.person_id == person_id), None)
    return {"name": someone.name, "address": "深圳市福田区民安路88号"}.get(path) if someone else None


def settle() -> None:
    """Make the house: units, officers, places, services in force, residents, vehicles, licences, numbers."""
    for post in ("traffic_clerk", "traffic_approver", "traffic_counter"):
        Post.objects.get_or_create(
            code=post, defaults={"name": {"zh": post, "en": post}, "level": "bureau", "acts": ["look"]}
        )
    Unit.objects.create(
        id=1, code="440300", org_id=0, level="bureau", path="1.", name={"zh": "深圳市公安局", "en": "Bureau"}
    )
    for one in OFFICERS:
        Account.objects.create(
            id=one.account_id, kind="officer", login=one.name, display_name=one.name, created_at=BEFORE
        )
        Appointment.objects.create(account_id=one.account_id, unit_id=1, post_id=one.holdings[0].post, since=BEFORE)
    plugs.PREFILLS["register"] = register
    publishing.publish_calendar(
        known_until=date(2027, 12, 31), days_off=[], made_up=[], source="test", by=SYSTEM, now=BEFORE
    )
    publishing.publish(bodies(), by=SYSTEM, now=BEFORE)
    queries.forget_kept()
    for someone in PEOPLE:
        someone.settle()
    for kind, offers in PLACES.items():
        booking.put_place(
            code=kind.replace("_", "-")[:20], unit_code="440300", kind=kind, name={"zh": kind, "en": kind},
            address={"zh": "路", "en": "Road"}, lon=114.1, lat=22.5, hours=[["09:00", "12:00"]], slot_min=30,
            counters=20, offers=[(name, {"zh": name, "en": name}, 10) for name in offers], demo=True, by=SYSTEM,
            now=BEFORE,
        )  # fmt: skip
        halls.forget_kept()
        booking.open_days(kind.replace("_", "-")[:20], MONDAY.date(), MONDAY.date(), by=SYSTEM, now=NOW)
    car(LIN, PLATE, "LDEM00000B1234500")
    car(LIN, OTHER_PLATE, "LDEM00000B5432100")
    licence(LIN, "C1")
    for kind, numbers in (("02", "粤B8{:04d}"), ("52", "粤BD8{:04d}"), ("01", "粤B7{:04d}")):
        plate_numbers.open_pool([numbers.format(n) for n in range(120)], kind, by=SYSTEM, now=BEFORE)


def car(owner: Someone, plate: str, vin: str, **more: Any) -> Any:
    """Put a car on record."""
    facts = {
        "org_id": 0, "plate": plate, "plate_kind": "02", "colour": "white", "owner_person_id": owner.person_id,
        "inspected_until_date": date(2026, 12, 31), "vin": vin, "brand": "示范", "model": "EV-1", "body": "car",
        "energy": "petrol", "made_date": date(2022, 1, 1), "registered_date": date(2022, 6, 1),
    }  # fmt: skip
    return registers.register_vehicle(facts | more, by=SYSTEM, now=BEFORE)


def licence(holder: Someone, classes: str, **more: Any) -> Any:
    """Put a licence on record: it runs out in a month."""
    facts = {
        "org_id": 0, "person_id": holder.person_id, "file_number": f"4403{holder.account.int:08d}",
        "classes": classes, "first_issued_date": date(2020, 12, 20), "valid_from_date": date(2020, 12, 20),
        "valid_until_date": date(2026, 12, 20),
    }  # fmt: skip
    return registers.issue_licence(facts | more, by=SYSTEM, now=BEFORE)


# ---- applying -------------------------------------------------------------------------------------------

# What a field is answered with unless a test says otherwise: by name, else by type.
ANSWERS: Mapping[str, Any] = {
    "plate": PLATE, "other_plate": OTHER_PLATE, "outside_plate": "粤A88888", "old_plate": "粤B99999",
    "vin": VIN, "vin_tail": "4500", "plate_way": "assigned", "other_id": SU.number, "other_name": SU.name,
    "driver_id": SU.number, "driver_name": SU.name, "new_vin": VIN, "received_date": TODAY.isoformat(),
    "temp_days": 15, "postpone_until": "2027-06-30", "until_date": "2027-05-31", "from_date": "2026-12-01",
    "quiet_from": "2026-12-01", "quiet_until": "2026-12-03", "travel_date": "2026-12-05",
    "colour_blind": False, "whose": "own", "lower_class": "C2", "pass_hours": "night", "delivery_mode": "hall",
    "injured": False, "foreign_plate": "AB1234", "checked_date": "2026-11-01", "user_id": SU.number,
}  # fmt: skip
BY_TYPE: Mapping[str, Any] = {
    "text": "说明", "name": "王大明", "date": "2026-11-20", "datetime": "2026-11-26T10:00", "number": 3,
    "money": 1000, "address": "深圳市福田区民安路88号", "phone": "19900000009", "uscc": "91440300708461136T",
    "document_no": "NO20261127", "long_text": "情况属实，材料齐全。", "consent": True, "yes_no": True,
    "resident_id": SU.number,
}  # fmt: skip


def answers_for(body: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return answers to every question that is asked, given those of the test."""
    given: dict[str, Any] = {}
    for page in body.service.form:
        for f in page.fields:
            value = said.get(f.name, ANSWERS.get(f.name))
            if value is None:
                first = f.options[0].value if f.options else None
                value = [first] if f.type == "choices" else first if f.type == "choice" else BY_TYPE[f.type]
            given[f.name] = value
    for page in body.service.form:
        for f in page.fields:
            if not conditions.holds(f.show, given, TODAY):
                given.pop(f.name, None)
    return given


@cache
def _picture() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (390, 567), "white").save(picture, "JPEG")
    return picture.getvalue()


def photo(by: Actor) -> UUID:
    return files.store(_picture(), by=by, owner_person=by.person_id, name="photo.jpg", now=BEFORE).id


def sheets(body: Any, given: Mapping[str, Any], by: Someone) -> dict[str, list[UUID]]:
    """Return the papers that these answers call for and nobody holds already."""
    wanted = queries.wanted_materials(body, given, by.person_id, [], NOW)
    needed = [w.spec for w in wanted if not w.held_ref and w.spec.required]
    return {spec.name: [by.photo] for spec in needed} if needed else {}


def apply(code: str, by: Someone, *, now: datetime = NOW, **said: Any) -> Snapshot:
    """Apply through the engine; a service with a visit is filled in as a draft, with a time that is held."""
    _, body = queries.service(code)
    given = answers_for(body, said)
    if body.service.booking is None:
        matter = actions.submit_whole(
            code, given, by=by.actor, now=now, request_id=new_id(), materials=sheets(body, given, by)
        )
    else:
        matter = _with_visit(body, given, by, now)
    return again(matter, now)


def _with_visit(body: Any, given: Mapping[str, Any], by: Someone, now: datetime) -> Snapshot:
    draft = actions.draft(body.service.code, by=by.actor, now=now)
    for page in forms.visible_pages(body, given, TODAY):
        data = {f.name: given[f.name] for f in page.fields if f.name in given}
        assert not actions.save_page(draft.id, page.page, data, by=by.actor, now=now)
    for name, ids in sheets(body, given, by).items():
        actions.attach(draft.id, name, ids[0], by=by.actor, now=now)
    kind = body.service.booking.kind.replace("_", "-")[:20]
    booking.hold(
        kind, [body.service.booking.service], SLOT, by=by.actor, now=now, request_id=new_id(), subject_id=draft.id
    )
    return actions.submit(draft.id, by=by.actor, now=now, request_id=new_id())


def again(matter: Snapshot, now: datetime = NOW) -> Snapshot:
    return queries.matter(matter.id, SYSTEM, now)


def paid(matter: Snapshot, by: Someone, now: datetime = NOW) -> int:
    """Pay the fee at the house in memory; return how much it was, 0 for none."""
    order = Order.objects.filter(subject_id=matter.id, state="open").first()
    if order is None:
        return 0
    HOUSE.at(now)
    attempt = attempts.begin(order.id, "wechat_h5", by=by.actor, now=now, key=str(new_id()))
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="notification", now=now)
    issue_what_is_paid(now)
    return int(order.total_fen)


def act(matter: Snapshot, action: str, by: Actor, *, now: datetime = NOW + HOUR, **more: Any) -> Snapshot:
    return actions.act(matter.id, action, ver=matter.ver, by=by, now=now, request_id=new_id(), **more)


def decided(matter: Snapshot, now: datetime = NOW + HOUR) -> Snapshot:
    """Let officers decide what is not decided already: the other person agrees, one examines, another decides."""
    matter = again(matter)
    if matter.state == "consenting":
        asked = JointConsent.objects.get(matter_id=matter.id)
        consents.answer(matter.id, True, by=next(p for p in PEOPLE if p.person_id == asked.person_id).actor, now=now)
        matter = again(matter)
    if matter.closed_at is not None:
        return matter
    if matter.post == "traffic_counter":
        return act(act(matter, "claim", COUNTER, now=now), "approve", COUNTER, now=now)
    flow = queries.body_of(matter).flow
    claimed = act(matter, "claim", CLERK, now=now)
    if "recommend" in flow.states[matter.state].actions:
        recommended = act(claimed, "recommend", CLERK, now=now)
        return act(act(recommended, "claim", APPROVER, now=now), "approve", APPROVER, now=now)
    decides = "uphold" if "uphold" in flow.states[matter.state].actions else "approve"
    return act(claimed, decides, CLERK, now=now, note="已处理，情况属实。")
