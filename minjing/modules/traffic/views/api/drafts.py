"""The what-if desk: a draft of rules begun from a pack in force, changed, replayed, and what its replay came to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel, Field, model_validator

from minjing.base.clock import now
from minjing.modules.traffic import packs
from minjing.modules.traffic.actions import drafts as acts
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import DraftReplay, RuleDraft
from minjing.modules.traffic.queries import drafts as queries
from minjing.modules.traffic.rules.penalties import drafting
from minjing.portals.api.shapes import Shape, TextOut
from minjing.portals.api.views.door import asker

router = Router(tags=["traffic"])


class RuleDraftIn(BaseModel):
    """The pack it is a copy of, and what it is called."""

    base: str = Field(max_length=24)
    title: str = Field(max_length=60)


class RuleChangeIn(BaseModel):
    """Changed rules: `numbers` by the names of the draft's fields, or the whole as YAML.

    `seen` is the digest that was changed: changed by another meanwhile, it is 409.
    """

    seen: str = Field(max_length=16)
    numbers: dict[str, int] | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> RuleChangeIn:
        if (self.numbers is None) == (self.source is None):
            raise ValueError("numbers or source")
        return self


class DraftReplayIn(BaseModel):
    """The days of the violations that are replayed, the last one among them."""

    from_date: date
    until_date: date


class RuleDraftOut(Shape):
    """A draft in a list."""

    id: UUID
    title: str
    base: str
    pack: str
    digest: str
    made_at: datetime
    saved_at: datetime


class DraftReplayOut(Shape):
    """How far a replay is."""

    id: UUID
    state: str
    done_percent: int
    violations: int
    pack: str
    digest: str
    from_date: date
    until_date: date
    asked_at: datetime
    ended_at: datetime | None


class ListedRuleDraftOut(BaseModel):
    """A draft with its newest replay."""

    draft: RuleDraftOut
    replay: DraftReplayOut | None


class RuleDraftsOut(BaseModel):
    """The newest drafts, and the packs that one may begin with."""

    packs: dict[str, TextOut]
    drafts: list[ListedRuleDraftOut]


class RuleNumberOut(Shape):
    """One number of a draft, and what it is in the rules in force, each as it is typed."""

    name: str
    title: TextOut
    article: str
    unit: TextOut
    value: str
    in_force: str


class WholeRuleDraftOut(BaseModel):
    """A draft whole."""

    draft: RuleDraftOut
    source: str
    fields: list[RuleNumberOut]
    changes_something: bool
    outdated: bool  # the rules in force have changed since it was begun
    replays: list[DraftReplayOut]


class ReplayFiguresOut(BaseModel):
    """A replay with its tables once it is done: counts, money, people affected; null stands for fewer than five."""

    replay: DraftReplayOut
    moved: bool  # the draft has been changed since
    figures: dict[str, Any]


@router.get("/drafts", response=RuleDraftsOut)
def all_drafts(request: HttpRequest) -> RuleDraftsOut:
    """Return the drafts, each with its newest replay."""
    rows = [
        ListedRuleDraftOut(
            draft=RuleDraftOut.model_validate(draft), replay=DraftReplayOut.model_validate(replay) if replay else None
        )
        for draft, replay in queries.drafts(asker(request))
    ]
    return RuleDraftsOut(
        packs={name: TextOut(**pack["title"]) for name, pack in packs.sources().items()}, drafts=rows
    )


@router.post("/drafts", response={201: RuleDraftOut})
def begin(request: HttpRequest, said: RuleDraftIn) -> Status[RuleDraft]:
    """Begin a draft as a copy of a pack in force."""
    return Status(201, acts.begin(said.base, said.title, by=asker(request), now=now()))


@router.get("/drafts/{uuid:draft_id}", response=WholeRuleDraftOut)
def one(request: HttpRequest, draft_id: UUID) -> WholeRuleDraftOut:
    """Return a draft: as YAML, as the numbers in it, and its replays."""
    draft, in_force = _draft(request, draft_id), packs.in_force().version
    return WholeRuleDraftOut(
        draft=RuleDraftOut.model_validate(draft),
        source=draft.source,
        fields=[
            RuleNumberOut.model_validate(field)
            for field in drafting.fields(packs.read(draft.source), packs.sources()[draft.base], {})
        ],
        changes_something=draft.digest != in_force,
        outdated=draft.pack != in_force,
        replays=[DraftReplayOut.model_validate(row) for row in queries.replays_of(draft_id, asker(request))],
    )


@router.post("/drafts/{uuid:draft_id}", response=RuleDraftOut)
def change(request: HttpRequest, draft_id: UUID, said: RuleChangeIn) -> RuleDraft:
    """Keep changed rules, or answer 422 with every fault."""
    source = said.source
    if source is None:
        typed = {name: str(number) for name, number in (said.numbers or {}).items()}
        draft = _draft(request, draft_id)
        source = packs.written(drafting.changed(packs.read(draft.source), typed, known_only=True))
    return acts.change(draft_id, source, seen=said.seen, by=asker(request), now=now())


@router.post("/drafts/{uuid:draft_id}/replays", response={202: DraftReplayOut})
def ask(request: HttpRequest, draft_id: UUID, said: DraftReplayIn) -> Status[DraftReplay]:
    """Have the draft replayed; asked again for the same while it runs, it is the same replay."""
    made = acts.ask(draft_id, said.from_date, said.until_date, by=asker(request), now=now())
    return Status(202, made)


@router.get("/drafts/{uuid:draft_id}/replays/{uuid:replay_id}", response=ReplayFiguresOut)
def replayed(request: HttpRequest, draft_id: UUID, replay_id: UUID) -> ReplayFiguresOut:
    """Return how far a replay is, or what it came to."""
    row = queries.replay(draft_id, replay_id, asker(request))
    if row is None:
        raise Refused("not_yours")
    figures = row.figures if row.state == DraftReplay.DONE else {}
    return ReplayFiguresOut(
        replay=DraftReplayOut.model_validate(row), moved=row.digest != row.draft.digest, figures=figures
    )


def _draft(request: HttpRequest, draft_id: UUID) -> RuleDraft:
    draft = queries.draft(draft_id, asker(request))
    if draft is None:
        raise Refused("not_yours")
    return draft
