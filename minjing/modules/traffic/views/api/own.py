"""One's own violations, cars and licence. Objecting begins as a draft of the service JT0313."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, Field

from minjing.base.clock import local_day, now
from minjing.modules.traffic.actions import deciding, evidence, money
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.models import Charge, Violation
from minjing.modules.traffic.queries import bindings, objections, points
from minjing.modules.traffic.queries import evidence as pictures
from minjing.modules.traffic.queries import own as found
from minjing.modules.traffic.queries import violations as queries
from minjing.modules.traffic.rules.penalties.surcharge import surcharge_fen
from minjing.modules.traffic.views.evidence import jpeg
from minjing.portals.api.views.door import asker

router = Router(tags=["traffic"])


class AcceptIn(BaseModel):
    """In how many parts the fine is to be paid."""

    parts: int = Field(1, ge=1, le=deciding.PARTS_MAX)


@router.get("/violations")
def violations(request: HttpRequest) -> list[dict[str, Any]]:
    """Return one's violations and those of one's vehicles, newest first."""
    return [row_out(row) for row in queries.mine(by=asker(request))]


@router.get("/violations/{uuid:violation_id}")
def violation(request: HttpRequest, violation_id: UUID) -> dict[str, Any]:
    """Return one violation: why it costs what it does, what would have changed it, what is due, its pictures."""
    by, at = asker(request), now()
    seen = queries.one(violation_id, by=by, now=at)
    row, answer = seen.row, objections.answer_to(seen.row, by=by, now=at)
    return row_out(row) | {
        "lat": row.lat,
        "lon": row.lon,
        "heading_deg": row.heading_deg,
        "source": row.source,
        "ground": row.ground,
        "reasons": seen.reasons,
        "would_change": seen.would_change,
        "photos": [{"id": photo.pk, "taken": taken} for photo, taken in pictures.photos(row.pk)],
        "charges": [_charge(charge) for charge in seen.charges],
        "objection": asdict(answer) if answer else None,
    }


@router.get("/violations/{uuid:violation_id}/photos/{uuid:photo_id}")
def photo(request: HttpRequest, violation_id: UUID, photo_id: UUID) -> HttpResponse:
    """Return a picture that stands as evidence of an own violation, as JPEG."""
    return jpeg(evidence.show_own_photo(violation_id, photo_id, by=asker(request), now=now()))


@router.post("/violations/{uuid:violation_id}/accept")
def accept(request: HttpRequest, violation_id: UUID, said: AcceptIn) -> dict[str, Any]:
    """Accept a violation: it is decided, once; return the decision with what is due."""
    made = deciding.decide(violation_id, instalments=said.parts, by=asker(request), now=now())
    charges = Charge.objects.filter(decision=made).order_by("seq")
    return {"number": made.number, "charges": [_charge(charge) for charge in charges]}


@router.post("/charges/{uuid:charge_id}/order")
def order(request: HttpRequest, charge_id: UUID) -> dict[str, Any]:
    """Open the order of a part as of today, what is added for lateness and all; it is paid as any fee."""
    made = money.order_of(charge_id, by=asker(request), now=now())
    return {"order": made.id, "bill_no": made.bill_no, "total_fen": made.total_fen, "expires_at": made.expires_at}


@router.get("/points")
def standing(request: HttpRequest) -> dict[str, Any] | None:
    """Return one's points in the cycle of today; nothing without a licence on record."""
    by, at = asker(request), now()
    licence = found.licence(by, at)
    if licence is None:
        return None
    said = points.standing_of(licence.row, at)
    return asdict(said) | {"left": said.left, "full": said.full}


@router.get("/licence")
def licence(request: HttpRequest) -> dict[str, Any] | None:
    """Return one's driving licence, its binding, and what it was before; nothing without one on record."""
    by = asker(request)
    said = found.licence(by, now())
    if said is None:
        return None
    row = said.row
    return {
        "file_number": row.file_number,
        "classes": row.classes,
        "state": said.state,
        "title": said.title.model_dump(),
        "first_issued": row.first_issued_date,
        "valid_until": None if said.long_term else row.valid_until_date,
        "checkup": said.checkup,
        "binding": bindings.licence_bound(by.account_id),
        "before": [
            {"since": since, "until": until, "title": title.model_dump(), "classes": classes}
            for since, until, title, classes in found.pasts(row)
        ],
    }


@router.get("/cars")
def cars(request: HttpRequest) -> list[dict[str, Any]]:
    """Return one's own vehicles, then those of others that are bound or asked for."""
    mine, others = found.cars(asker(request), now())
    return [asdict(car) | {"energy": car.energy.model_dump()} for car in (*mine, *others)]


def row_out(row: Violation) -> dict[str, Any]:
    """Return what stands of a violation in any list."""
    return {
        "id": row.pk,
        "number": row.number,
        "state": row.state,
        "conduct": row.conduct,
        "title": dict(title_of(row.conduct)),
        "at": row.violated_at,
        "place": row.place,
        "plate": row.plate,
        "kind": row.kind,
        "fine_fen": row.fine_fen,
        "points": row.points,
        "suspension_months": row.suspension_months,
    }


def _charge(charge: Charge) -> dict[str, Any]:
    is_due = charge.state in ("due", "open")
    late = surcharge_fen(charge.fen, charge.due_date, local_day(now())) if is_due else charge.surcharge_fen
    return {
        "id": charge.pk,
        "seq": charge.seq,
        "fen": charge.fen,
        "late_fen": late,
        "due": charge.due_date,
        "state": charge.state,
    }
