"""A decided matter on its way to the documents, how the engine calls an effect, and what papers print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError

from minjing.base.clock import local_day
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.plugs import Effect, EffectRefused, Outcome, StepAct
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Service, Text
from minjing.modules.exit_entry import errors, queries
from minjing.modules.exit_entry.actions.documents import Act
from minjing.modules.exit_entry.rules import Objection

T = TypeVar("T")
Facts = list[tuple[Text, str]]
Answers = Mapping[str, Any]


@dataclass
class Case:
    """A matter with its answers, on its way to the documents."""

    matter: Snapshot
    service: Service
    answers: Answers
    act: Act

    def first(self, *names: str) -> str:
        """Return the first of these answers that was given, empty if none."""
        return next((str(self.answers[name]) for name in names if self.answers.get(name) not in (None, "")), "")

    def label(self, name: str) -> str:
        """Return an answer in the words of its option, or as it was typed."""
        options = self.service.fields[name].options if name in self.service.fields else []
        return next((o.zh for o in options if o.value == self.first(name)), self.first(name))

    @property
    def holder(self) -> UUID:
        """Return whose document it is: the person the form names, else the applicant."""
        number = self.first(self.service.about) if self.service.about else ""
        found = people.person_by_id_number(number) if number else self.matter.person_id
        if found is None:
            raise errors.refused(Objection("officer_must_look"))
        return found

    @property
    def birth(self) -> date:
        """Return when the holder was born."""
        number = self.first(self.service.about) if self.service.about else ""
        found = queries.birth_in(number) if number else queries.birth_of(self.matter.person_id, self.act.now)
        if found is None:
            raise errors.refused(Objection("officer_must_look"))
        return found

    @property
    def applied(self) -> date:
        """Return the day of the application: age and validity are counted from it."""
        return local_day(self.matter.submitted_at)


def case_of(matter: Snapshot, answers: Answers, by: Actor, now: datetime) -> Case:
    """Return a matter as the module's acts see it."""
    return Case(matter, matters.body_of(matter).service, answers, Act(by, now, matter.id))


def effect(run: Callable[[Case], Outcome]) -> Effect:
    """Return `run` as the engine calls it: refusals become sentences, the ledger entries are written at the end."""

    def as_effect(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> Outcome:
        case = case_of(matter, answers, by, now)
        outcome = _run(run, case)
        case.act.write_down()
        return outcome

    return as_effect


def step_act(run: Callable[[Case], None]) -> StepAct:
    """Return `run` as the engine calls it beside a step."""

    def as_act(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> None:
        case = case_of(matter, answers, by, now)
        _run(run, case)
        case.act.write_down()

    return as_act


def _run(run: Callable[[Case], T], case: Case) -> T:
    try:
        return run(case)
    except IdentityError as error:
        raise EffectRefused(Text(**error.text), error.key) from None
    except IntegrityError:
        # Another decision about the same person's documents came first: the database kept them whole.
        raise errors.refused(Objection("meanwhile")) from None


def text(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


KIND, HOLDER = text("证件种类", "Document"), text("持证人", "Holder")
NUMBER = text("证件号码", "Number")
ISSUED, EXPIRES = text("签发日期", "Issued on"), text("有效期至", "Valid until")
DELIVERY = text("领取方式", "Handed over")
PROMISED = text("承诺办结日期", "Promised by")
