"""A decided matter of the catalogue on its way to the registers: whose it is, what was answered, what to print."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError

from minjing.base import conditions
from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import RESIDENT, SYSTEM, Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.plugs import Effect, EffectRefused, Outcome, StepAct
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Service, Text
from minjing.modules.traffic import events
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import FileEntry, Licence, Vehicle
from minjing.modules.traffic.queries import registers
from minjing.modules.traffic.queries.files import FILE_CONTEXT
from minjing.modules.traffic.rules import plates

T = TypeVar("T")
Facts = list[tuple[Text, str]]

# What is asked for in every form and says nothing of the act: not repeated on its paper.
BESIDE = frozenset({"delivery_mode", "post_address", "contact_phone", "data_consent", "own_consent"})


@dataclass
class Case:
    """A matter with its answers, and the registers it changes."""

    matter: Snapshot
    service: Service
    answers: Mapping[str, Any]
    by: Actor
    now: datetime

    @property
    def today(self) -> date:
        """Return the day in the city."""
        return local_day(self.now)

    @property
    def person(self) -> UUID:
        """Return who applies, or whom it is applied for."""
        return self.matter.person_id

    def text(self, name: str) -> str:
        """Return an answer as text, empty if it was not given."""
        return str(self.answers.get(name) or "")

    def day(self, name: str) -> date | None:
        """Return an answer as a day."""
        return date.fromisoformat(self.text(name)[:10]) if self.text(name) else None

    def instant(self, name: str) -> datetime:
        """Return an answer as an instant in the city's time."""
        return datetime.fromisoformat(self.text(name)).replace(tzinfo=CHINA)

    def label(self, name: str) -> str:
        """Return an answer in the words of its options, or as it was typed."""
        known = {o.value: o.zh for o in self.service.fields[name].options} if name in self.service.fields else {}
        value = self.answers.get(name)
        if isinstance(value, list):
            return "、".join(known.get(str(v), str(v)) for v in value)
        if isinstance(value, bool):
            return "是" if value else "否"
        return known.get(str(value), str(value or ""))

    @cached_property
    def plate(self) -> plates.Plate:
        """Return the plate of the form. Raises EffectRefused for what is no plate."""
        name = next((n for n in ("plate", "outside_plate", "old_plate") if self.text(n)), "plate")
        try:
            return plates.parse(self.text(name))
        except plates.WrongPlate:
            raise refused("号牌号码不对，请核对。", "This is no plate number; look again.") from None

    @cached_property
    def vehicle(self) -> Vehicle:
        """Return the applicant's own vehicle with the plate of the form."""
        return self.own_vehicle(self.plate.text)

    def own_vehicle(self, plate: str) -> Vehicle:
        """Return a vehicle of the applicant by its plate. Raises EffectRefused."""
        found = next((v for v in registers.vehicles_of(self.person) if v.plate == plate), None)
        if found is None:
            raise refused(
                f"登记在申请人名下的车辆里没有 {plates.shown(plate)}。",
                f"No vehicle with the plate {plates.shown(plate)} is registered in the applicant’s name.",
            )
        return found

    @cached_property
    def licence(self) -> Licence:
        """Return the applicant's licence. Raises EffectRefused."""
        found = registers.licence_of(self.person)
        if found is None:
            raise refused("登记中没有申请人的驾驶证。", "The applicant has no licence on record.")
        return found

    @property
    def applicant(self) -> Actor:
        """Return who applies, as acts of the registers take them."""
        return Actor(self.matter.account_id, RESIDENT, self.person, self.name, level=2)

    @property
    def name(self) -> str:
        """Return the applicant's name for their paper: the house reads it, after the matter has been closed."""
        found = identity.look(SYSTEM, [self.person], ["name"], matter_id=self.matter.id, now=self.now)
        return str(found.get(self.person, {}).get("name", ""))

    def person_of(self, number: str) -> UUID:
        """Return who has this ID number. Raises EffectRefused for somebody nobody has verified yet."""
        found = people.person_by_id_number(number)
        if found is None:
            raise refused(
                "对方还没有实名核验，不能办理。", "The other person has not been verified; this cannot be done yet."
            )
        return found

    def told(self, *left_out: str) -> Facts:
        """Return what the form said, question by question, for the paper."""
        asked = [f for page in self.service.form for f in page.fields if f.name not in BESIDE | set(left_out)]
        shown = [f for f in asked if conditions.holds(f.show, self.answers, self.today) and f.type != "consent"]
        return [(f.label, self.label(f.name)) for f in shown if self.answers.get(f.name) not in (None, "", [])]

    def enter(
        self,
        kind: str,
        *,
        vehicle: Vehicle | None = None,
        licence: Licence | None = None,
        subject: str = "",
        until: date | None = None,
        person: UUID | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> FileEntry:
        """Put a dated entry on the file, with its ledger entry: kinds and ids, no words."""
        whose = person or self.person
        words = json.dumps(dict(said if said is not None else self.answers), ensure_ascii=False)
        made = FileEntry.objects.create(
            org_id=self.matter.org_id, kind=kind, person_id=whose, vehicle_id=vehicle.pk if vehicle else None,
            licence_id=licence.pk if licence else None, subject=subject,
            said_sealed=seal(whose, FILE_CONTEXT, words), since_at=self.now, until_date=until,
            matter_id=self.matter.id,
        )  # fmt: skip
        self.note(
            events.FILE_ENTERED, whose, file=made.pk, kind_of=kind, vehicle=made.vehicle_id, licence=made.licence_id
        )
        return made

    def end(self, kind: str, **about: Any) -> int:
        """End the open entries of a kind, those of `about` (vehicle_id=…); return how many."""
        ended = FileEntry.objects.filter(kind=kind, ended_at__isnull=True, **about).update(ended_at=self.now)
        if ended:
            self.note(events.FILE_ENDED, self.person, kind_of=kind, count=ended)
        return ended

    def note(self, kind: str, subject: UUID | None, /, **said: Any) -> None:
        """Append a ledger entry of this case."""
        whole = {
            **{k: v for k, v in said.items() if v is not None},
            "matter": self.matter.id,
            "by": self.by.account_id,
        }
        ledger.append(ledger.entry(kind, whole, at=self.now, org_id=self.matter.org_id, subject_id=subject))


def refused(zh: str, en: str) -> EffectRefused:
    """Return the refusal that keeps a decision from being taken."""
    return EffectRefused(Text(zh=zh, en=en))


def text(zh: str, en: str) -> Text:
    """Return a label for a paper."""
    return Text(zh=zh, en=en)


def case_of(matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> Case:
    """Return a matter as the module's acts see it."""
    return Case(matter, matters.body_of(matter).service, answers, by, now)


def effect(run: Callable[[Case], Facts]) -> Effect:
    """Return `run` as the engine calls it: what it returns is printed on the paper of the applicant."""

    def as_effect(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> Outcome:
        case = case_of(matter, answers, by, now)
        return Outcome(_run(run, case), case.person)

    return as_effect


def step_act(run: Callable[[Case], None]) -> StepAct:
    """Return `run` as the engine calls it beside a step."""

    def as_act(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> None:
        _run(run, case_of(matter, answers, by, now))

    return as_act


def _run(run: Callable[[Case], T], case: Case) -> T:
    try:
        return run(case)
    except (IdentityError, Refused) as error:
        raise EffectRefused(Text(**error.text), error.key) from None
    except IntegrityError:
        # Another decision about the same vehicle or licence came first: the database kept the register whole.
        raise refused(
            "登记刚刚被另一件办件改动，请刷新后再办。", "Another decision has just changed the register; look again."
        ) from None
