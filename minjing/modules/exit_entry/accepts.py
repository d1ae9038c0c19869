"""Whether an application may be submitted: the rules asked with what is on record, before anybody looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from minjing.base.clock import CHINA, local_day
from minjing.kernel.booking import queries as halls
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.identity import queries as people
from minjing.kernel.matters.plugs import Accepts
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry import errors, queries, rules, tariff
from minjing.modules.exit_entry.actions.records import earliest
from minjing.modules.exit_entry.rules import Held, Objection

HALL = "exit_entry_hall"
Answers = Mapping[str, Any]
Check = Callable[[UUID, Answers, date, datetime], list[Objection]]


def _one(objection: Objection | None) -> list[Objection]:
    return [objection] if objection else []


def _first(kind: str) -> Check:
    def check(holder: UUID, answers: Answers, day: date, now: datetime) -> list[Objection]:
        return _one(rules.may_apply_first(queries.held(holder), kind, day)) + _together(
            kind, answers, day, holder, now
        )

    return check


def _renew(kind: str) -> Check:
    def check(holder: UUID, answers: Answers, day: date, now: datetime) -> list[Objection]:
        reason = str(answers.get("reason", ""))
        return _one(rules.may_renew(queries.held(holder), kind, reason, day, tariff.platform()))

    return check


def _replace(kind: str) -> Check:
    return lambda holder, answers, day, now: _one(rules.may_replace(queries.held(holder), kind, day))


def _renew_or_replace(holder: UUID, answers: Answers, day: date, now: datetime) -> list[Objection]:
    lost = answers.get("loss_kind") in ("lost", "stolen")
    return (_replace if lost else _renew)("hk_macao")(holder, answers, day, now)


def _taiwan(holder: UUID, answers: Answers, day: date, now: datetime) -> list[Objection]:
    checks = {"first": _first, "renewal": _renew, "replacement": _replace}
    return checks[str(answers["apply_type"])]("taiwan")(holder, answers, day, now)


def _annotate(holder: UUID, answers: Answers, day: date, now: datetime) -> list[Objection]:
    return _one(rules.may_annotate(queries.held(holder), day))


def _together(kind: str, answers: Answers, day: date, holder: UUID, now: datetime) -> list[Objection]:
    """Check an endorsement asked for together with a first permit: the permit is made for it."""
    code = answers.get("endorsement_kind")
    if not code:
        return []
    permit = Held(kind, "valid", day, rules.expires(day, rules.YEARS_CHILD))
    return rules.may_endorse(
        tariff.kinds()[str(code)],
        permit,
        registered_here=queries.is_registered_here(holder, now),
        restricted=False,
        day=day,
        online=False,
    )


def _endorse(kind: str) -> Check:
    def check(holder: UUID, answers: Answers, day: date, now: datetime) -> list[Objection]:
        permit = next((h for h in queries.held(holder, kind) if h.state_on(day) == "valid"), None)
        return rules.may_endorse(
            tariff.kinds()[str(answers["endorsement_kind"])],
            permit,
            registered_here=queries.is_registered_here(holder, now),
            restricted=bool(answers.get("on_record_list")),
            day=day,
            online=True,
            renewed_before=queries.letters_held(holder, kind),
        )

    return check


def _records(holder: UUID, answers: Answers, day: date, now: datetime) -> list[Objection]:
    since, until = date.fromisoformat(answers["date_from"]), date.fromisoformat(answers["date_to"])
    if until < since:
        return [Objection("wrong_order", "date_to")]
    if since < earliest(day):
        return [Objection("too_early", "date_from", str(tariff.platform().border_record_years))]
    return []


def _visit(holder: UUID, answers: Answers, day: date, now: datetime) -> list[Objection]:
    """Check what can be checked of a visit before it is taken; whether there is room, the slot says."""
    try:
        hall = halls.place(str(answers["hall_code"]))
    except BookingError:
        return [Objection("no_such_hall", "hall_code")]
    if hall.kind != HALL or answers["service_code"] not in hall.offers:
        return [Objection("no_such_hall", "hall_code")]
    starts_at = datetime.fromisoformat(str(answers["starts_at"])).replace(tzinfo=CHINA)
    return [Objection("in_the_past", "starts_at")] if starts_at <= now else []


# Name in the service file → the check, and the field of the form where its sentence stands.
CHECKS: Mapping[str, tuple[Check, str]] = {
    "exit_entry.first_passport": (_first("passport"), "reason"),
    "exit_entry.renew_passport": (_renew("passport"), "reason"),
    "exit_entry.replace_passport": (_replace("passport"), "loss_kind"),
    "exit_entry.annotate": (_annotate, "endorse_kind"),
    "exit_entry.first_hk_macao": (_first("hk_macao"), "endorsement_kind"),
    "exit_entry.renew_hk_macao": (_renew_or_replace, "reason"),
    "exit_entry.endorse_hk_macao": (_endorse("hk_macao"), "endorsement_kind"),
    "exit_entry.taiwan": (_taiwan, "apply_type"),
    "exit_entry.endorse_taiwan": (_endorse("taiwan"), "endorsement_kind"),
    "exit_entry.visit": (_visit, "starts_at"),
    "exit_entry.records": (_records, "date_from"),
}


def accepts(name: str) -> Accepts:
    """Return the check as the engine asks it: objections as sentences beside the fields they belong to."""
    check, field = CHECKS[name]

    def ask(*, person_id: UUID, answers: Mapping[str, Any], now: datetime) -> Mapping[str, Text]:
        day = local_day(now)
        holder, objection = _holder(person_id, answers, day, now)
        if objection is not None:
            return {"child_id": errors.words(objection)}
        return errors.by_field(check(holder, answers, day, now), field)

    return ask


def _holder(person_id: UUID, answers: Answers, day: date, now: datetime) -> tuple[UUID, Objection | None]:
    """Return whose document it is; a parent applies for a child under sixteen whom the register shows as theirs.

    Nothing about a child's documents is said to somebody whom the register does not show as a parent.
    """
    number = str(answers.get("child_id") or "")
    if not number:
        return person_id, None
    child = people.person_by_id_number(number)
    if child is None or not queries.is_parent(person_id, number, child, now):
        return person_id, Objection("not_your_child")
    if not rules.is_child(queries.birth_in(number), day):
        return person_id, Objection("not_a_child")
    return child, None
