"""What the applicant thought of a closed matter."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger.actions import append
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import NotAllowed, Wrong
from minjing.kernel.matters.models import Rating
from minjing.kernel.matters.schema import Text


@transaction.atomic
def rate(matter_id: UUID, stars: int, *, words: str = "", by: Actor, now: datetime) -> None:
    """Keep what the applicant thought of a closed matter, once."""
    matter = queries.matter(matter_id, by, now)
    if by.account_id != matter.account_id:
        raise NotAllowed("not_applicant", "只有申请人本人可以评价。", "Only the applicant may rate.")
    if matter.closed_at is None:
        raise NotAllowed("not_closed", "办结后才能评价。", "A matter can be rated once it is closed.")
    if not 1 <= stars <= 5:
        raise Wrong({"stars": Text(zh="请选择 1 至 5 星。", en="Choose 1 to 5 stars.")})
    sealed = seal(matter.person_id, "matters_rating.words", words[:500]) if words.strip() else None
    _, is_new = Rating.objects.get_or_create(
        matter_id=matter.id,
        defaults={
            "org_id": matter.org_id,
            "unit_id": matter.unit_id,
            "code": matter.code,
            "stars": stars,
            "words_sealed": sealed,
            "at": now,
        },
    )
    if is_new:
        append(
            ledger_entry(
                "matters:matter:rated",
                {"matter": matter.id, "stars": stars},
                at=now,
                org_id=matter.org_id,
                subject_id=matter.person_id,
            )
        )
