"""One matter: found by its id or number, its history, its line of stations, the steps it offers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from procrastinate.contrib.django.models import ProcrastinateJob

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.rules import SUPERVISE
from minjing.kernel.identity.sealing import blind_index, unseal
from minjing.kernel.matters import plugs, rules
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.models import (
    Draft,
    Material,
    Matter,
    MatterEvent,
    Rating,
    Request,
    Task,
)
from minjing.kernel.matters.queries.acting import still_may_act
from minjing.kernel.matters.queries.catalogue import acting_posts, body_of, place_of, units
from minjing.kernel.matters.rules import Happening, Snapshot
from minjing.kernel.matters.schema import ActionSpec, Basis, Body, Text
from minjing.kernel.papers.queries import Card

_columns = attrgetter(*Snapshot._fields)


def snapshot(row: Matter) -> Snapshot:
    """Return a row of the table as plain data."""
    return Snapshot._make(_columns(row))


def snapshots(rows: QuerySet[Matter]) -> list[Snapshot]:
    """Return the rows that a query finds as plain data: for lists, without a model made of each row."""
    return [Snapshot._make(row) for row in rows.values_list(*Snapshot._fields)]


def still_open(matter_id: UUID) -> bool:
    """Say whether a matter still waits for its answer; False for none. It says nothing else of it to anybody."""
    return Matter.objects.filter(pk=matter_id, closed_at__isnull=True).exists()


ISSUE = "matters.issue"  # the job that issues what was paid for


def is_being_issued(matter_id: UUID) -> bool:
    """Say whether a matter has been paid for and is about to be issued: its job waits or is at work."""
    mine = ProcrastinateJob.objects.filter(task_name=ISSUE, args__id=str(matter_id))
    return mine.filter(status__in=("todo", "doing")).exists()


NUMBER = re.compile(r"[A-Z]{2}[0-9]{4,14}")


def org_of_number(number: str) -> int | None:
    """Return the district that a matter's number names: HZ04260000123 is of district 4."""
    return int(number[2:4]) if NUMBER.fullmatch(number) else None


def matter(ref: UUID | str, by: Actor, now: datetime) -> Snapshot:
    """Return the matter with this id or number, if it is the asker's business; raise Unknown otherwise."""
    row = Matter.objects.defer("answers_sealed").filter(_ref(ref)).first()
    if row is None:
        raise Unknown
    found = snapshot(row)
    if not may_see(found, by):
        raise Unknown
    still_may_act(found.mandate_id, found.person_id, found.account_id, found.code, by, now)
    return found


def by_id(matter_ids: Iterable[UUID], by: Actor) -> dict[UUID, Snapshot]:
    """Return those of these matters that are the asker's business."""
    found = snapshots(Matter.objects.filter(id__in=set(matter_ids)))
    return {matter.id: matter for matter in found if may_see(matter, by)}


def _ref(ref: UUID | str) -> Q:
    if isinstance(ref, UUID):
        return Q(id=ref)
    text = ref.strip().upper()
    try:
        return Q(id=UUID(text))
    except ValueError:
        org_id = org_of_number(text)
        return Q(pk__in=[]) if org_id is None else Q(org_id=org_id, number=text)


def may_see(matter: Snapshot, by: Actor) -> bool:
    """Say whether a matter is this person's business: the applicant's, or of a post they hold in one of its units.

    Who has a conflict of interests in it does not see it, and so cannot act in it either.
    """
    if by.kind == "system" or by.account_id == matter.account_id:
        return True
    if by.kind == "resident":
        return by.person_id is not None and by.person_id == matter.person_id
    return bool(holdings_here(matter, by)) and not has_conflict(matter, by)


def has_conflict(matter: Snapshot, by: Actor) -> bool:
    """Say whether the rule that the service names keeps this officer out; where nobody offers the rule, all are."""
    rule = body_of(matter).service.excludes
    if not rule or by.kind != "officer":
        return False
    asked = plugs.EXCLUDES.get(rule)
    return asked is None or asked(matter=matter, answers=opened(matter), by=by)


def holdings_here(matter: Snapshot, by: Actor) -> list[Holding]:
    """Return the posts by which a matter is the officer's: of its units, and for a deputy of the services lent.

    Those that its flow names, and those that supervise; where a service names who sees its matters, no other counts.
    """
    paths, acting = _paths(matter), acting_posts(matter.procedure_id)
    supervised = not body_of(matter).service.seen_by
    return [
        h
        for h in by.holdings
        if (h.post in acting or (supervised and SUPERVISE in h.acts))
        and any(path.startswith(h.unit_path) for path in paths)
        and (not h.scope or matter.code in h.scope)
    ]


def _paths(matter: Snapshot) -> list[str]:
    """Return where a matter is seen: at the responsible station, and at the counter that took it in for it."""
    known = units()
    paths = [known[matter.station_id].path]
    if matter.is_received_elsewhere and matter.received_at_unit in known:
        paths.append(known[matter.received_at_unit].path)
    return paths


def path_for(matter: Snapshot, by: Actor) -> str:
    """Return the path under which this officer's right to look is checked: where the matter is theirs to see."""
    paths = _paths(matter)
    here = holdings_here(matter, by)
    return next((p for p in paths if any(p.startswith(h.unit_path) for h in here)), paths[0])


ANSWERS_CONTEXT = "matters_matter.answers"


def opened(matter: Snapshot) -> dict[str, Any]:
    """Return the form of a matter, for the engine itself: who shows it must have recorded the look."""
    blob = Matter.objects.values_list("answers_sealed", flat=True).get(id=matter.id)
    return dict(json.loads(unseal(matter.person_id, ANSWERS_CONTEXT, bytes(blob))))


def events(matter: Snapshot) -> list[Happening]:
    """Return the history of a matter that has been read by right, oldest first."""
    rows = MatterEvent.objects.filter(matter_id=matter.id).order_by("seq")
    return [
        Happening(
            e.seq, e.at, e.action, e.from_state, e.to_state, e.actor_kind, e.actor_id, e.post, e.unit_id,
            e.detail, e.entry_id,
        )
        for e in rows
    ]  # fmt: skip


def applicant_account(matter_id: UUID) -> UUID:
    """Return the account that applied, for a module that has checked the asker's right by a secret of its own."""
    found = Matter.objects.filter(id=matter_id).values_list("account_id", flat=True).first()
    if found is None:
        raise Unknown
    return found


def matter_of_request(request_id: UUID) -> UUID | None:
    """Return the matter that a request has had its effect on; None when it is new."""
    return Request.objects.filter(id=request_id).values_list("matter_id", flat=True).first()


def event_of(matter_id: UUID, seq: int) -> MatterEvent | None:
    """Return one event of a matter, for the engine itself."""
    return MatterEvent.objects.filter(matter_id=matter_id, seq=seq).first()


def line(matter: Snapshot) -> list[rules.Station]:
    """Return the line of stations of a matter."""
    return rules.stations(body_of(matter), matter, events(matter))


@dataclass(frozen=True, slots=True)
class Step:
    """Something the flow offers in this state, and whether the asker may do it."""

    action: str
    title: Text
    strong: bool
    needs: tuple[str, ...]
    allowed: bool
    why_not: Text | None
    to: Text | None
    basis: tuple[Basis, ...] = ()
    runs_effect: bool = False
    max_days: int = 0  # of more time, where the step asks for days


def steps(matter: Snapshot, by: Actor, now: datetime) -> list[Step]:
    """Return the lawful next steps, the strong one first; those the asker may not do say why."""
    body = body_of(matter)
    offered = []
    for action, spec in body.flow.states[matter.state].actions.items():
        if spec.by == "system" or (spec.by == "applicant") != matter.is_applicant(by):
            continue
        why_not = _why_not(body, matter, action, spec, by)
        target = body.flow.states.get(rules.leads_to(matter, spec))
        offered.append(
            Step(
                action,
                spec.title,
                spec.strong,
                tuple(spec.needs),
                why_not is None,
                why_not,
                target.title if target else None,
                tuple(body.service.basis),
                spec.effect,
                rules.extension_left(matter) if "days" in spec.needs else 0,
            )
        )
    return sorted(offered, key=lambda s: (not s.allowed, not s.strong))


def _why_not(body: Body, matter: Snapshot, action: str, spec: ActionSpec, by: Actor) -> Text | None:
    try:
        rules.permit(body, matter, action, spec, by, place_of(matter.station_id))
    except NotAllowed as refused:
        return refused.text
    return None


def may_take_back(matter: Snapshot, paper: Card, by: Actor) -> bool:
    """Say whether this officer may take back a paper of the matter: it is worth something, and was another's act."""
    if paper.state == "revoked":
        return False
    try:
        place = place_of(matter.station_id)
        rules.permit_taking_back(body_of(matter), matter, paper.issued_by, by=by, place=place)
    except NotAllowed:
        return False
    return True


def materials(matter: Snapshot | Draft) -> list[Material]:
    """Return the papers of a matter or draft, in the order they came."""
    mine = Q(draft_id=matter.id) if isinstance(matter, Draft) else Q(matter_id=matter.id)
    return list(Material.objects.filter(mine).order_by("name", "added_at", "id"))


def paper_of(matter_id: UUID, name: str) -> UUID | None:
    """Return the file of the newest paper of that name that a matter was decided with; None for none."""
    rows = Material.objects.filter(matter_id=matter_id, name=name, file_id__isnull=False)
    return rows.order_by("-added_at", "-id").values_list("file_id", flat=True).first()


def tasks(matter: Snapshot) -> list[Task]:
    """Return the child tasks of a matter."""
    return list(Task.objects.filter(matter_id=matter.id).order_by("opened_at", "id"))


def duplicates(matter: Snapshot, by: Actor) -> list[Snapshot]:
    """Return other open matters about the same person for the same service that are the asker's business."""
    return [found for found in others_of_same(matter) if may_see(found, by)]


def others_of_same(matter: Snapshot) -> list[Snapshot]:
    """Return other open matters about the same person and service, whoever applied: not to be shown as they are."""
    index = Matter.objects.filter(id=matter.id).values("subject_index")[:1]
    rows = Matter.objects.filter(subject_index__in=index, code=matter.code, closed_at__isnull=True)
    return snapshots(rows.exclude(id=matter.id))


def open_of_same(subject_index: bytes, code: str) -> list[Snapshot]:
    """Return the open matters about this person for this service: shown before another is submitted."""
    rows = Matter.objects.filter(subject_index=subject_index, code=code, closed_at__isnull=True)
    return snapshots(rows)


def open_of_same_subject(body: Body, answers: Mapping[str, Any], by: Actor) -> list[Snapshot]:
    """Return the open matters for the service of `body` about the person that these answers are about."""
    about = str(answers.get(body.service.about) or "") if body.service.about else ""
    index = blind_index("id_number", about) if about else blind_index("person", str(by.person_id))
    return open_of_same(index, body.service.code)


OPEN_MATTER = {
    "zh": "该人员还有没办结的办件（本人申请的，或事关本人的）：现在删除，就没有人能办结它。办结或撤回后再删除。",
    "en": "A matter that this person has applied for, or that is about them, is still open; erased now, nobody could "
    "close it. Erase once it is closed or withdrawn.",
}


def against_erasure(person_id: UUID) -> Mapping[str, str] | None:
    """Say why a person cannot be erased while a matter of theirs, or about them, is open; None otherwise."""
    about = [blind_index("person", str(person_id)), *people.number_indexes(person_id)]
    theirs = Matter.objects.filter(Q(person_id=person_id) | Q(subject_index__in=about), closed_at__isnull=True)
    return OPEN_MATTER if theirs.exists() else None


def rating(matter: Snapshot) -> Rating | None:
    """Return what the applicant thought of it."""
    return Rating.objects.filter(matter_id=matter.id).first()


def refold(matter: Snapshot) -> dict[str, tuple[Any, Any]]:
    """Return where the stored state and the refolded history disagree: column → (stored, folded)."""
    folded = rules.fold(events(matter))
    stored = {**rules.moving_of(matter), "ver": matter.ver}
    return {
        name: (stored[name], folded.get(name))
        for name in stored
        if _same_instant(stored[name]) != _same_instant(folded.get(name))
    }


def _same_instant(value: Any) -> Any:
    """Return ISO instants in one zone, so that the same moment compares equal."""
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and "T" in value:
        return datetime.fromisoformat(value).timestamp()
    return value


def numbers(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the numbers of matters, for the page "who looked at my data"."""
    return dict(Matter.objects.filter(id__in=set(ids)).values_list("id", "number"))
