"""Who is who in the tests of exit and entry, and a few ways to act: apply, decide, make, hand over."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from PIL import Image

from minjing.base import clock, conditions, idnumber
from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.files import actions as files
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.models import Account, Evidence
from minjing.kernel.matters import actions, forms, queries
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.tests.issuing import issue_what_is_paid
from minjing.kernel.pay.actions import attempts
from minjing.kernel.pay.models import Order
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.modules.exit_entry.actions.take_over import Stocked
from minjing.modules.exit_entry.models import Document

BEFORE = datetime(2026, 3, 2, 2, tzinfo=UTC)
NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)  # a Friday, ten in the morning in Shenzhen
TODAY = local_day(NOW)
HOUR = timedelta(hours=1)
KNOWN_UNTIL = date(2027, 12, 31)
NOBODY = UUID(int=0)


@dataclass
class Someone:
    """A resident with an account, and what the register says of them."""

    name: str
    birth: str
    order: int
    account: int
    here: bool = True
    more: Mapping[str, str] = field(default_factory=dict)
    person_id: UUID = NOBODY

    @property
    def number(self) -> str:
        return idnumber.compose("440304", date.fromisoformat(self.birth), self.order)

    @property
    def actor(self) -> Actor:
        return Actor(UUID(int=self.account), "resident", self.person_id, self.name, level=4)

    def prove(self) -> None:
        """Have card and face checked, which holds for now: level 3 in every sign-in."""
        now = clock.now()
        Evidence.objects.create(
            account_id=UUID(int=self.account), person_id=self.person_id, level=3, method="counter", taken_at=now,
            until=now + HOUR,
        )  # fmt: skip

    def settle(self) -> None:
        """Make the person and the account."""
        self.person_id = identity.ensure_person(name=self.name, id_number=self.number, now=BEFORE)
        Account.objects.create(
            id=UUID(int=self.account), kind="resident", login=str(self.account), person_id=self.person_id, level=2,
            created_at=BEFORE,
        )  # fmt: skip


LIN = Someone("林晓夫", "1990-03-12", 1, 9001)  # a passport that runs out in half a year, a permit, endorsed before
SU = Someone("苏婉", "1991-04-01", 2, 9002)  # no document at all
CHILD = Someone("林小树", "2015-06-01", 3, 9003)
WANG = Someone("王雨桐", "1992-08-25", 2, 9004, here=False)  # registered elsewhere, with a permit
OLD = Someone("陈伯年", "1948-11-02", 3, 9005)  # a permit that is a booklet, no fingerprints
PEOPLE = (LIN, SU, CHILD, WANG, OLD)
CHILD.more = {"father_id": LIN.number, "mother_id": SU.number}


def register(person_id: UUID, path: str, now: datetime) -> Any:
    """Answer as the population register does."""
    someone = next((s for s in PEOPLE if s.person_id == person_id), None)
    if someone is None:
        return None
    said = {
        "name": someone.name, "id_number": someone.number, "birth_date": someone.birth,
        "address": "深圳市福田区福田街道民安路88号", **someone.more,
    }  # fmt: skip
    return said.get(path) if path != "household_no" else ("602000001" if someone.here else None)


def officer(number: int, name: str, post: str) -> Actor:
    held = Holding(post, 1, "1.", "bureau", 0, frozenset({"handle", "decide", "look"}))
    return Actor(UUID(int=number), "officer", name=name, holdings=(held,))


CLERK = officer(8001, "exit.clerk", "exit_entry_clerk")
APPROVER = officer(8002, "exit.approver", "exit_entry_approver")
MAKER = officer(8003, "exit.maker", "exit_entry_maker")
OFFICERS = (CLERK, APPROVER, MAKER)


def stock() -> list[Stocked]:
    """Return the documents that are there when the tests begin."""
    return [
        Stocked(LIN.person_id, 2, "passport", date(2017, 5, 1), 10),
        Stocked(LIN.person_id, 2, "hk_macao", date(2022, 1, 5), 10,
                endorsed=[("HK-G-1Y1", "hongkong", date(2025, 10, 1))]),
        Stocked(WANG.person_id, 2, "hk_macao", date(2023, 1, 5), 10,
                endorsed=[("HK-G-1Y1", "hongkong", date(2025, 1, 1))]),
        Stocked(OLD.person_id, 2, "hk_macao", date(2017, 8, 1), 10, electronic=False, fingers_on_file=False),
        Stocked(OLD.person_id, 2, "passport", date(2014, 2, 1), 10),  # run out
    ]  # fmt: skip


def crossed() -> dict[UUID, Sequence[Mapping[str, str]]]:
    """Return the crossings of the border that are on record."""
    return {
        LIN.person_id: [
            {"day": "2025-10-03", "way": "out", "port": "福田口岸", "document": "hk_macao"},
            {"day": "2025-10-05", "way": "in", "port": "福田口岸", "document": "hk_macao"},
            {"day": "2015-02-01", "way": "out", "port": "深圳宝安机场", "document": "passport"},
        ],
        WANG.person_id: [{"day": "2025-03-01", "way": "out", "port": "罗湖口岸", "document": "hk_macao"}],
    }


def document(someone: Someone, kind: str, state: str = Document.VALID) -> Document:
    """Return a document of somebody in a state."""
    return Document.objects.get(person_id=someone.person_id, kind=kind, state=state)


def photo(by: Actor) -> UUID:
    """Return a photo that `by` has sent in."""
    picture = io.BytesIO()
    Image.new("RGB", (390, 567), "white").save(picture, "JPEG")
    return files.store(picture.getvalue(), by=by, owner_person=by.person_id, name="photo.jpg", now=NOW).id


FILLED = {
    "applies_for": "self", "on_record_list": False, "urgent": False, "reason": "travel", "emergency_name": "苏婉",
    "emergency_phone": "19900000002", "delivery_mode": "post", "post_address": "深圳市福田区民安路88号",
    "contact_phone": "19900000001", "data_consent": True, "keep_visa_pages": False, "old_passport_no": "EZ****001",
}  # fmt: skip


def apply(code: str, by: Someone, *, now: datetime = NOW, unpaid: bool = False, **answers: Any) -> Snapshot:
    """Apply with what is needed, and `answers` in place of what is usual."""
    _, body = queries.service(code)
    given = {name: value for name, value in {**FILLED, **answers}.items() if name in body.service.fields}
    for page in body.service.form:
        for f in page.fields:
            if not conditions.holds(f.show, given, TODAY):
                given.pop(f.name, None)
    needed = forms.needed_materials(body, given, TODAY)
    sheets = {spec.name: [photo(by.actor)] for spec in needed if spec.held_by == "" and spec.required}
    matter = actions.submit_whole(code, given, by=by.actor, now=now, request_id=new_id(), materials=sheets)
    return matter if unpaid else paid(matter, by.actor, now)


def paid(matter: Snapshot, by: Actor, now: datetime = NOW) -> Snapshot:
    """Pay the fee at the house in memory, if there is one, and have the worker issue what decides itself."""
    if not only_paid(matter, by, now):
        return matter
    issue_what_is_paid(now)
    return queries.matter(matter.id, by, now)


def only_paid(matter: Snapshot, by: Actor, now: datetime = NOW) -> bool:
    """Pay the fee, if there is one, and let the worker not yet be at it; say whether there was one."""
    order = Order.objects.filter(subject_id=matter.id, state="open").first()
    if order is None:
        return False
    HOUSE.at(now)
    attempt = attempts.begin(order.id, "wechat_h5", by=by, now=now, key=str(new_id()))
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="notification", now=now)
    return True


def act(matter: Snapshot, action: str, by: Actor, *, now: datetime = NOW + HOUR, **more: Any) -> Snapshot:
    """Take a step."""
    return actions.act(matter.id, action, ver=matter.ver, by=by, now=now, request_id=new_id(), **more)


def granted(matter: Snapshot) -> Snapshot:
    """Examine and decide: two officers."""
    matter = act(act(matter, "claim", CLERK), "recommend", CLERK)
    return act(act(matter, "claim", APPROVER), "approve", APPROVER)


def made(matter: Snapshot) -> Snapshot:
    """Make what was granted."""
    return act(act(matter, "claim", MAKER), "make", MAKER)
