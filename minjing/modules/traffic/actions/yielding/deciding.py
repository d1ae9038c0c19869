"""An officer says whether an ambulance explains a violation: with one look, and never about an own car."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.matters.errors import NotAllowed
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import penalties
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import Candidate, Vehicle, Violation

GROUND = "made_way"
ACT = "review_violations"
NEEDS_ACT = ("post", "核实避让需要审核交通违法的岗位。", "This takes a post that reviews traffic violations.")
OWN_CAR = (
    "own_car",
    "这是您本人的车辆或违法，请由其他民警核实。",
    "This is your own car or violation; another officer decides.",
)


class Decided(Exception):
    """Somebody was faster: the candidate is decided."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(candidate.state)
        self.candidate = candidate


def decide(candidate_id: UUID, confirmed: bool, reason: str = "", *, by: Actor, now: datetime) -> Candidate:
    """Confirm or reject a candidate. Confirmed, its violation is struck and what depended on it follows, in one act.

    Raises Unknown, NotAllowed (no post, an own car), Decided when somebody was faster. Refusals stand in the ledger.
    """
    candidate = Candidate.objects.filter(pk=candidate_id).first()
    if candidate is None:
        raise Unknown
    why_not = _why_not(candidate, by)
    if why_not is not None:
        _refused(candidate, why_not[0], by, now)
        raise NotAllowed(*why_not, ACT)
    with transaction.atomic():
        candidate = Candidate.objects.select_for_update().get(pk=candidate_id)
        if candidate.state == Candidate.WAITING:
            return _decided(candidate, confirmed, reason, by, now)
    _refused(candidate, "decided", by, now)
    raise Decided(candidate)


def _decided(candidate: Candidate, confirmed: bool, reason: str, by: Actor, now: datetime) -> Candidate:
    candidate.state = Candidate.CONFIRMED if confirmed else Candidate.REJECTED
    candidate.decided_by, candidate.decided_at, candidate.reason = by.account_id, now, reason[:200]
    candidate.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    said = {"candidate": candidate.pk, "violation": candidate.violation_id, "by": by.account_id}
    kind = events.YIELDING_CONFIRMED if confirmed else events.YIELDING_REJECTED
    ledger.append(ledger.entry(kind, said, at=now, org_id=candidate.org_id))
    if confirmed:
        # The others of the same violation have nothing left to say.
        others = Candidate.objects.filter(violation_id=candidate.violation_id, state=Candidate.WAITING)
        others.update(state=Candidate.REJECTED, decided_by=by.account_id, decided_at=now, reason="settled")
        if Violation.objects.filter(pk=candidate.violation_id).exclude(state=Violation.STRUCK).exists():
            # Ids and figures: where it was stays with the candidate and out of the ledger.
            evidence = {
                "candidate": str(candidate.pk),
                "mission": str(candidate.mission_id),
                "distance_m": candidate.distance_m,
                "passed_at": candidate.passed_at.isoformat(),
            }
            penalties.strike(candidate.violation_id, GROUND, evidence, by=by, now=now)
    return candidate


def _why_not(candidate: Candidate, by: Actor) -> tuple[str, str, str] | None:
    if not any(ACT in holding.acts for holding in by.holdings):
        return NEEDS_ACT
    if by.person_id is None:
        return None
    violation = Violation.objects.filter(pk=candidate.violation_id).values("person_id", "vehicle_id").first()
    if violation is None:
        return None
    owners = Vehicle.objects.filter(pk__in=[violation["vehicle_id"]]).values_list("owner_person_id", flat=True)
    return OWN_CAR if by.person_id in (violation["person_id"], *owners) else None


@transaction.atomic
def _refused(candidate: Candidate, why: str, by: Actor, now: datetime) -> None:
    said = {"candidate": candidate.pk, "why": why, "by": by.account_id}
    ledger.append(ledger.entry(events.YIELDING_REFUSED, said, at=now, org_id=candidate.org_id))
