"""What a decided service does to the documents: the effects by the names that service files use."""

from __future__ import annotations

from collections.abc import Mapping

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.sealing import seal
from minjing.kernel.matters.plugs import Effect, Outcome, StepAct
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry import errors, events, queries, rules, tariff
from minjing.modules.exit_entry.actions import documents
from minjing.modules.exit_entry.actions.case import (
    DELIVERY,
    EXPIRES,
    HOLDER,
    ISSUED,
    KIND,
    NUMBER,
    Case,
    Facts,
    effect,
    step_act,
    text,
)
from minjing.modules.exit_entry.actions.delivery import HANDING_OVER, after_step
from minjing.modules.exit_entry.actions.records import certify
from minjing.modules.exit_entry.actions.visits import book
from minjing.modules.exit_entry.models import Annotation, Document, Endorsement
from minjing.modules.exit_entry.rules import Objection

KIND_OF: Mapping[str, str] = {
    "EX0002": "passport", "EX0003": "passport", "EX0004": "passport", "EX0005": "passport",
    "EX0006": "hk_macao", "EX0007": "hk_macao", "EX0008": "hk_macao",
    "EX0009": "taiwan", "EX0010": "taiwan",
}  # fmt: skip


# ---- deciding -------------------------------------------------------------------------------------------


def issue(case: Case) -> Outcome:
    """Decide a passport or permit, with the endorsements asked for together with it."""
    kind, holder = KIND_OF[case.matter.code], case.holder
    years = rules.years_valid(case.birth, case.applied)
    single = case.first("permit_form") == "single"
    months = rules.SINGLE_USE_MONTHS if single else 0
    document = documents.issue(case.act, holder, kind, case.matter.org_id, years, months=months)
    if single:
        document.electronic = False
        document.save(update_fields=["electronic"])
    facts = _document_facts(case, document)
    if case.first("endorsement_kind"):
        facts += [_endorsement_fact(e) for e in _endorse(case, document)]
    return Outcome(facts, holder)


def endorse(case: Case) -> Outcome:
    """Decide endorsements in the permit that the holder has."""
    kind, holder = KIND_OF[case.matter.code], case.holder
    permit = queries.permit_of(holder, kind, case.act.day)
    objections = rules.may_endorse(
        tariff.kinds()[case.first("endorsement_kind")],
        documents.held_of(permit) if permit else None,
        registered_here=queries.is_registered_here(holder, case.act.now),
        restricted=bool(case.answers.get("on_record_list")),
        day=case.act.day,
        online=True,
        renewed_before=queries.letters_held(holder, kind),
    )
    alone = case.act.by.kind == "system"
    if alone and not rules.decides_itself(tariff.kinds()[case.first("endorsement_kind")]):
        objections.append(Objection("officer_must_look"))
    if objections or permit is None:
        raise errors.refused(objections[0])
    made = _endorse(case, permit)
    facts: Facts = [(KIND, queries.TITLES[kind].zh), (HOLDER, _name(case))]
    return Outcome([*facts, *map(_endorsement_fact, made), (DELIVERY, case.label("delivery_mode"))], holder)


def _endorse(case: Case, permit: Document) -> list[Endorsement]:
    kind = tariff.kinds()[case.first("endorsement_kind")]
    wanted = case.first("destination") or "taiwan"
    places = ["hongkong", "macao"] if wanted == "both" else [wanted]
    months = int(case.first("endorsement_months") or 0) if kind.by_approval else 0
    held = documents.held_of(permit)
    made = [
        Endorsement(
            id=new_id(),
            org_id=permit.org_id,
            document=permit,
            code=kind.code,
            destination=place,
            state="being_made",
            issued_date=case.act.day,
            until_date=rules.endorsement_ends(kind, case.act.day, held, min(months, kind.months)),
            trips=kind.trips or None,
            matter_id=case.matter.id,
        )
        for place in places
    ]
    for one in Endorsement.objects.bulk_create(made):
        case.act.note(events.ENDORSED, permit.org_id, permit.person_id, endorsement=one.id, kind=one.code)
    return made


def annotate(case: Case) -> Outcome:
    """Enter something in the holder's passport."""
    holder = case.holder
    passport = queries.permit_of(holder, "passport", case.act.day)
    if passport is None:
        raise errors.refused(Objection("no_valid_passport"))
    said = f"{case.label('endorse_kind')}：{case.first('new_value')}"
    Annotation.objects.create(
        org_id=passport.org_id,
        document=passport,
        kind=case.first("endorse_kind"),
        text_sealed=seal(holder, queries.NOTE, said),
        made_date=case.act.day,
        matter_id=case.matter.id,
    )
    case.act.note(events.ANNOTATED, passport.org_id, holder, document=passport.id, kind=case.first("endorse_kind"))
    facts: Facts = [
        (KIND, queries.TITLES["passport"].zh),
        (HOLDER, _name(case)),
        (text("加注事项", "Entry"), said),
        (DELIVERY, case.label("delivery_mode")),
    ]
    return Outcome(facts, holder)


def _document_facts(case: Case, document: Document) -> Facts:
    number = next(d.masked for d in queries.documents(document.person_id, case.act.by, case.act.now,
                                                      matter_id=case.matter.id) if d.id == document.id)  # fmt: skip
    return [
        (KIND, queries.TITLES[document.kind].zh),
        (HOLDER, _name(case)),
        (NUMBER, number),
        (ISSUED, document.issued_date.isoformat()),
        (EXPIRES, document.expires_date.isoformat()),
        (DELIVERY, case.label("delivery_mode")),
    ]


def _endorsement_fact(one: Endorsement) -> tuple[Text, str]:
    kind = tariff.kinds()[one.code]
    place = queries.PLACES[one.destination].zh
    stay = f"，每次停留不超过 {kind.stay_days} 天" if kind.stay_days else ""
    said = f"{place}，{kind.name[0]}，{kind.validity[0]}，至 {one.until_date}{stay}"
    return text("签注", "Endorsement"), said


def _name(case: Case) -> str:
    """Return the holder's name for the paper of the decision, by the one road."""
    found = identity.look(case.act.by, [case.holder], ["name"], matter_id=case.matter.id, now=case.act.now)
    return found.get(case.holder, {}).get("name", "")


# ---- submitting, making ---------------------------------------------------------------------------------


def declared_lost(case: Case) -> None:
    """Make the document void at once when the application declares it lost or stolen."""
    reason = case.first("loss_kind")
    if reason not in ("lost", "stolen"):
        return
    documents.void_lost(case.act, documents.locked(case.holder, KIND_OF[case.matter.code]), reason)


def made(case: Case) -> None:
    """Write down that a document, an endorsement or an entry is made: valid from now on."""
    for document in Document.objects.select_for_update().filter(matter_id=case.matter.id, state="being_made"):
        documents.made(case.act, document)
    for one in Endorsement.objects.select_related("document").filter(matter_id=case.matter.id, state="being_made"):
        _written(case, one)


def _written(case: Case, one: Endorsement) -> None:
    """Make an endorsement valid; the one to the same place that it follows is over."""
    earlier = Endorsement.objects.filter(
        document__person_id=one.document.person_id, destination=one.destination, state="valid"
    )
    earlier.exclude(id=one.id).update(state="cancelled")
    one.state = "valid"
    one.save(update_fields=["state"])
    case.act.note(events.WRITTEN, one.org_id, one.document.person_id, endorsement=one.id, document=one.document_id)


EFFECTS: Mapping[str, Effect] = {
    "exit_entry.issue": effect(issue),
    "exit_entry.endorse": effect(endorse),
    "exit_entry.annotate": effect(annotate),
    "exit_entry.book": effect(book),
    "exit_entry.certify_records": effect(certify),
}
STEP_ACTS: Mapping[str, StepAct] = {
    "exit_entry.declared_lost": step_act(declared_lost),
    "exit_entry.made": step_act(made),
    **{f"exit_entry.{name}": step_act(after_step(name)) for name in HANDING_OVER},
}
