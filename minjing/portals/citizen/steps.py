"""The way through an application: its pages, the papers, the check; where one is and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from minjing.base.clock import local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import forms, queries
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.models import Draft
from minjing.kernel.matters.queries import Wanted
from minjing.kernel.matters.schema import Body, Page, Text

MATERIALS, VISIT, CHECK = "materials", "visit", "check"
# What a resident has said of themselves stands in where the city's register knows nothing of them.
OWN = {"register.name": "name", "register.id_number": "id_number", "account.phone": "phone"}


@dataclass(frozen=True)
class Application:
    """A draft with its procedure and what has been said so far."""

    draft: Draft
    body: Body
    answers: dict[str, Any]
    pages: Sequence[Page]
    wanted: Sequence[Wanted]
    visit_lacks: Mapping[str, Text] = field(default_factory=dict)
    known: queries.Known | None = None  # of the one it is for

    @property
    def steps(self) -> list[str]:
        """Return the names of the steps in order."""
        visit = [VISIT] if self.body.service.booking else []
        return [p.page for p in self.pages] + ([MATERIALS] if self.wanted else []) + visit + [CHECK]

    def page(self, name: str) -> Page:
        """Return a page of the form; raise Unknown."""
        found = next((p for p in self.body.service.form if p.page == name), None)
        if found is None:
            raise Unknown
        return found

    def others(self, page: Page) -> dict[str, Any]:
        """Return the answers of the other pages."""
        own = {f.name for f in page.fields}
        return {name: value for name, value in self.answers.items() if name not in own}

    def address(self, step: str) -> str:
        """Return the address of a step."""
        if step in (MATERIALS, VISIT, CHECK):
            return reverse("citizen:visit_step" if step == VISIT else f"citizen:{step}", args=[self.draft.id])
        return reverse("citizen:page", args=[self.draft.id, step])

    def after(self, step: str) -> str:
        """Return the address of the step that follows; of the first one open, where this one is not on the way."""
        steps = self.steps
        at = steps.index(step) + 1 if step in steps else len(steps)
        return self.address(steps[at]) if at < len(steps) else self.address(self.resume_at())

    def resume_at(self) -> str:
        """Return the first step that is not finished."""
        for page in self.pages:
            if page.page not in self.draft.pages_done:
                return page.page
        if any(not w.is_there for w in self.wanted):
            return MATERIALS
        return VISIT if self.visit_lacks else CHECK

    def lacking(self, today: date) -> dict[str, Text]:
        """Return all that is wrong or missing before it can be submitted, by field or paper."""
        return queries.lacking(self.body, forms.check_all(self.body, self.answers, today), self.wanted) | dict(
            self.visit_lacks
        )

    def where(self, step: str) -> Mapping[str, Any]:
        """Return what every step shows: the service, how far one is, the way back, whether the rules have changed."""
        steps = self.steps
        at = steps.index(step) if step in steps else 0
        return {
            "tab": "matters",
            "service": self.body.service,
            "draft": self.draft,
            "number": at + 1,
            "total": len(steps),
            "back": self.address(steps[at - 1]) if at else reverse("citizen:apply", args=[self.body.service.code]),
            "retired": queries.is_retired(self.draft.procedure_id),
            "acting_for": people.name_of_giver(self.draft.mandate_id) if self.draft.mandate_id else "",
        }


def application(draft_id: UUID, by: Actor, now: datetime) -> Application:
    """Return a resident's own draft, opened; raise Unknown for anybody else's."""
    draft = queries.draft(draft_id, by, now)
    body = queries.body_of(draft)
    answers = queries.draft_answers(draft)
    wanted = queries.wanted_of_draft(draft, body, answers, now)
    pages = forms.visible_pages(body, answers, local_day(now))
    lacks = {} if draft.matter_id else queries.visit_lacking(body, draft.id, now)
    known = queries.Known(draft.person_id, now) if draft.person_id else None
    return Application(draft, body, answers, pages, wanted, lacks, known)


def known(
    page: Page, application: Application, by: Actor, now: datetime, said: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what is known already of the questions of a page: by the registers, and the phone by the account.

    `said` are answers of the page itself, as posted: who moves decides whose name is known.
    """
    person_id, own = application.draft.person_id, [f for f in page.fields if f.prefill]
    if person_id is None or application.known is None or not own:
        return {}
    given = {**application.answers, **(said or {})}
    facts = application.known.fill(own, given)
    sources = {f.name: forms.source_of(f, given, local_day(now)) for f in page.fields}
    missing = {name: OWN[of] for name, of in sources.items() if of in OWN and name not in facts}
    if missing and person_id == by.person_id:
        said = identity.look(by, [person_id], sorted(set(missing.values())), now=now).get(person_id, {})
        facts |= {name: said[item] for name, item in missing.items() if said.get(item)}
    return facts


def outdated(
    page: Page, application: Application, by: Actor, now: datetime, said: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the fields that still hold what was known for another answer, with what is known now, or empty."""
    if application.known is None:
        return {}
    given = {**application.answers, **said}
    old = application.known.otherwise(page, given)
    wrong = [name for name, values in old.items() if said.get(name) and said[name] in values]
    person_id = application.draft.person_id
    if wrong and person_id != by.person_id and any(row.giver_id == person_id for row in people.wards(by, now)):
        return {}  # “my child” is whom the registers know here: what a guardian types is nothing left over
    facts = known(page, application, by, now, said) if wrong else {}
    return {name: facts.get(name, "") for name in wrong if facts.get(name, "") != said[name]}
