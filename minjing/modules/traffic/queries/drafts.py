"""Drafts of rules and what their replays came to, for those who may see them."""

from __future__ import annotations

from uuid import UUID

from minjing.modules.traffic.models import DraftReplay, RuleDraft

LISTED = 50


def drafts() -> list[tuple[RuleDraft, DraftReplay | None]]:
    """Return the newest drafts, each with its newest replay."""
    found = list(RuleDraft.objects.order_by("-saved_at")[:LISTED])
    replays = DraftReplay.objects.filter(draft__in=found).defer("source", "figures")
    newest = {one.draft_id: one for one in replays.order_by("draft_id", "-asked_at").distinct("draft_id")}
    return [(draft, newest.get(draft.pk)) for draft in found]


def draft(draft_id: UUID) -> RuleDraft | None:
    """Return a draft."""
    return RuleDraft.objects.filter(pk=draft_id).first()


def replays_of(draft_id: UUID) -> list[DraftReplay]:
    """Return the replays of a draft, newest first."""
    return list(DraftReplay.objects.filter(draft_id=draft_id).defer("source", "figures").order_by("-asked_at")[:20])


def replay(draft_id: UUID, replay_id: UUID) -> DraftReplay | None:
    """Return a replay with its draft."""
    return DraftReplay.objects.select_related("draft").filter(pk=replay_id, draft_id=draft_id).first()
