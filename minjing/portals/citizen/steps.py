"""The way through an application: its pages, the materials, the check; where one is and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from minjing.base.clock import local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import forms, queries
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.models import Draft
from minjing.kernel.matters.queries import Wanted
from minjing.kernel.matters.schema import Body, Page, Text

MATERIALS, CHECK = "materials", "check"


@dataclass(frozen=True)
class Application:
    """A draft with its procedure and what has been said so far."""

    draft: Draft
    body: Body
    answers: Mapping[str, Any]
    pages: Sequence[Page]
    wanted: Sequence[Wanted]

    @property
    def steps(self) -> list[str]:
        """Return the names of the steps in order."""
        return [p.page for p in self.pages] + ([MATERIALS] if self.wanted else []) + [CHECK]

    def address(self, step: str) -> str:
        """Return the address of a step."""
        if step in (MATERIALS, CHECK):
            return reverse(f"citizen:{step}", args=[self.draft.id])
        return reverse("citizen:page", kwargs={"draft_id": self.draft.id, "page": step})

    def place(self, step: str) -> "Place":
        """Return where a step lies. A page that the answers leave out lies at the start."""
        steps = self.steps
        at = steps.index(step) if step in steps else 0
        return Place(
            number=at + 1,
            total=len(steps),
            back=self.address(steps[at - 1]) if at else reverse("citizen:matters"),
            onward=self.address(steps[at + 1]) if at + 1 < len(steps) else "",
        )

    def resume_at(self) -> str:
        """Return the first step that is not finished."""
        for page in self.pages:
            if page.page not in self.draft.pages_done:
                return page.page
        return MATERIALS if any(not w.is_there for w in self.wanted) else CHECK


@dataclass(frozen=True, slots=True)
class Place:
    """Where one is on the way."""

    number: int
    total: int
    back: str
    onward: str


def application(draft_id: UUID, by: Actor, now: datetime) -> Application:
    """Return a resident's own draft, opened; raise Unknown for anybody else's."""
    draft = queries.draft(draft_id, by, now)
    body = queries.body_of(draft)
    answers = queries.draft_answers(draft)
    today = local_day(now)
    wanted: Sequence[Wanted] = ()
    if by.person_id is not None:
        wanted = queries.wanted_materials(body, dict(answers), by.person_id, queries.materials(draft), now)
    return Application(draft, body, answers, forms.visible_pages(body, answers, today), wanted)


def version_notice(draft: Draft, code: str) -> Text | None:
    """Return what to say when the rules have changed since the draft was begun; None when they have not."""
    try:
        current, _ = queries.service(code)
    except Unknown:
        return Text(
            zh="此事项已停止网上受理。您在此之前开始的申请仍可按当时的规定提交。",
            en="This service is no longer offered online. Your application was begun before, so you may still"
            " submit it under the rules of that time.",
        )
    if current == draft.procedure_id:
        return None
    return Text(
        zh="此事项的规定已更新。您的申请按开始填写时的规定继续办理，无需重填；如需按新规定办理，请删除草稿后重新申请。",
        en="The rules of this service have changed. Your application goes on under the rules in force when you began,"
        " and nothing must be filled in again. To use the new rules, delete this draft and start anew.",
    )
