"""Drafts of rules and what their replays came to, for those who may see them: others are refused."""

from __future__ import annotations

from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import DraftReplay, RuleDraft

SEE = "see_drafts"
LISTED = 50


def drafts(by: Actor) -> list[tuple[RuleDraft, DraftReplay | None]]:
    """Return the newest drafts, each with its newest replay. Raises Refused: no post."""
    _require(by)
    found = list(RuleDraft.objects.order_by("-saved_at")[:LISTED])
    replays = DraftReplay.objects.filter(draft__in=found).defer("source", "figures")
    newest = {one.draft_id: one for one in replays.order_by("draft_id", "-asked_at").distinct("draft_id")}
    return [(draft, newest.get(draft.pk)) for draft in found]


def draft(draft_id: UUID, by: Actor) -> RuleDraft | None:
    """Return a draft. Raises Refused: no post."""
    _require(by)
    return RuleDraft.objects.filter(pk=draft_id).first()


def replays_of(draft_id: UUID, by: Actor) -> list[DraftReplay]:
    """Return the replays of a draft, newest first. Raises Refused: no post."""
    _require(by)
    return list(DraftReplay.objects.filter(draft_id=draft_id).defer("source", "figures").order_by("-asked_at")[:20])


def replay(draft_id: UUID, replay_id: UUID, by: Actor) -> DraftReplay | None:
    """Return a replay with its draft. Raises Refused: no post."""
    _require(by)
    return DraftReplay.objects.select_related("draft").filter(pk=replay_id, draft_id=draft_id).first()


def _require(by: Actor) -> None:
    if not any(SEE in holding.acts for holding in by.holdings):
        raise Refused("no_sight_of_drafts")
