"""What officers and supervisors do beside single matters."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from minjing.base import idnumber, names
from minjing.base.clock import now
from minjing.kernel.identity import actions as people
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import LOOK, SUPERVISE
from minjing.kernel.matters import actions, counter_figures, oversight, queries
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.rules import Snapshot
from minjing.portals.api import shapes, shapes_work
from minjing.portals.api.shapes import ErrorOut, MatterOut
from minjing.portals.api.shapes_work import mark_of
from minjing.portals.api.views.door import asker

work = Router(tags=["officers"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 422: ErrorOut}
DECIDE = "decide"
UnitId = Annotated[shapes_work.UnitId, Query()]


@work.get("/queues")
def counts(request: HttpRequest) -> dict[str, int]:
    """Return how many matters lie in each of one's queues."""
    return queries.counts(asker(request), now())


@work.get("/queues/{name}", response={200: list[MatterOut], **REFUSED})
def queue(
    request: HttpRequest, response: HttpResponse, name: str, page: Query[shapes_work.QueueWanted]
) -> list[MatterOut]:
    """Return a page of one queue, most urgent first unless wished otherwise.

    Where more follow, the header Link says where (rel="next").
    """
    at, wish = now(), page.wish(name)
    found, last = queries.queue_page(asker(request), name, at, wish, after=page.mark, limit=page.size)
    if last is not None:
        _goes_on(request, response, mark_of(last, wish.sort))
    return [MatterOut.of(m, at) for m in found]


def _goes_on(request: HttpRequest, response: HttpResponse, mark: str) -> None:
    """Say in the header Link where the list goes on: the same address after this mark."""
    query = request.GET.copy()
    query["after"] = mark
    response["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'


@work.get("/tasks")
def my_tasks(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the child tasks that wait for one."""
    rows = queries.open_tasks(asker(request))[:200]
    return [{"id": t.id, "matter_id": t.matter_id, "kind": t.kind, "due_at": t.due_at} for t in rows]


@work.post("/tasks/{uuid:task_id}", response=MatterOut)
def finish_task(request: HttpRequest, task_id: UUID, data: shapes.TaskIn) -> MatterOut:
    """Close a child task with its result: clear or found."""
    at = now()
    done = actions.finish_task(task_id, data.result, by=asker(request), now=at, request_id=data.request_id)
    return MatterOut.of(done, at)


@work.get("/lights")
def lights(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the lights by unit and step of the units one supervises."""
    return [asdict(row) for row in queries.supervised_lights(asker(request), now())]


@work.get("/reasons")
def reasons(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the reasons for looking where no open matter stands behind the look, with their law."""
    return [
        {"key": r.key, "title": r.title, "needs_text": r.needs_text, "law": r.basis.text if r.basis else None}
        for r in identity.look_reasons()
    ]


@work.post("/search")
def search(request: HttpRequest, data: shapes.SearchIn) -> list[dict[str, Any]]:
    """Find persons by full name or ID number, masked; each one shown is written into the ledger first.

    A matter that one has claimed is the reason for those whom it concerns; anybody else takes a reason of the list.
    Of an ID number that is nobody's here come the matters about it, as one row without a name.
    """
    at, by = now(), asker(request)
    # The right and the reason come first, also when nobody would be found: that too is an answer.
    if not any(LOOK in h.acts for h in by.holdings):
        raise NotAllowed("no_look", "您的岗位不能查看个人信息。", "None of your posts reads records.", needs=LOOK)
    matter = queries.matter(data.matter, by, at) if data.matter else None
    in_hand = matter if matter is not None and matter.claimed_by == by.account_id else None
    ids = oversight.search(data.text, by, at, reason=data.reason, in_hand=in_hand)
    matter_id = in_hand.id if in_hand else None
    shown = people.look(by, ids, ["name", "id_number"], reason=data.reason, matter_id=matter_id, now=at)
    found = [
        {
            "name": names.mask(shown[person]["name"]),
            "id_number": idnumber.mask(shown[person]["id_number"]),
            "matters": [MatterOut.of(m, at).model_dump(mode="json") for m in oversight.of_person(person, by)],
        }
        for person in ids
        if person in shown
    ]
    return found or _about_number(data.text, by, at)


def _about_number(text: str, by: Actor, at: datetime) -> list[dict[str, Any]]:
    """Return one row with the matters about an ID number that are the asker's business; none where there are none."""
    try:
        number = idnumber.parse(text).text
    except idnumber.WrongIdNumber:
        return []
    about = [MatterOut.of(m, at).model_dump(mode="json") for m in oversight.of_id_number(number, by)]
    return [{"name": None, "id_number": idnumber.mask(number), "matters": about}] if about else []


@work.get("/deputies")
def deputies(request: HttpRequest) -> dict[str, list[dict[str, Any]]]:
    """Return who stands in for oneself, and for whom one stands in."""
    at, by = now(), asker(request)
    return {
        "given": [_deputy(row) for row in identity.deputies_of(by.account_id, at)],
        "taken": [_deputy(row) for row in identity.standing_in(by.account_id, at)],
    }


def _deputy(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "deputy": row.account_id,
        "holder": row.deputy_for_id,
        "post": row.post_id,
        "unit_id": row.unit_id,
        "since": row.since,
        "until": row.until,
        "scope": row.scope,
    }


@work.post("/deputies")
def deputise(request: HttpRequest, data: shapes.DeputyIn) -> dict[str, UUID]:
    """Let a colleague stand in for one of one's posts, for a time and for some services or all."""
    made = people.deputise(
        by=asker(request),
        deputy_account_id=data.deputy,
        post=data.post,
        unit_id=data.unit_id,
        since=data.since,
        until=data.until,
        scope=data.scope,
        now=now(),
    )
    return {"id": made}


@work.delete("/deputies/{uuid:appointment_id}")
def end_deputy(request: HttpRequest, appointment_id: UUID) -> dict[str, bool]:
    """End a deputyship."""
    people.end_appointment(appointment_id, by=asker(request), now=now())
    return {"ended": True}


@work.get("/extensions", response={200: list[shapes_work.ExtensionOut], **REFUSED})
def extensions(request: HttpRequest) -> list[shapes_work.ExtensionOut]:
    """Return the matters in which more time was asked for and one may grant it oneself, most urgent first."""
    at, by = now(), asker(request)
    identity.require(by, DECIDE)
    asked = oversight.extensions_asked([h.unit_path for h in by.holdings if DECIDE in h.acts])
    mine = [m for m in asked if _may_grant(m, by, at) and queries.may_see(m, by)]
    return [shapes_work.ExtensionOut.of_asked(m, at) for m in mine]


def _may_grant(matter: Snapshot, by: Actor, at: datetime) -> bool:
    """Say whether the flow lets this very officer grant it: not whoever asked, not another level's."""
    return any(step.action == "grant_extension" and step.allowed for step in queries.steps(matter, by, at))


def _area(request: HttpRequest, unit_id: int | None) -> oversight.Area:
    return oversight.area(oversight.supervised(asker(request), unit_id).path)


@work.get("/supervision/units")
def unit_lights(request: HttpRequest, unit_id: UnitId = None) -> list[dict[str, Any]]:
    """Return the lights of each unit, without those below; its matters are listed with its unit_id and own."""
    return [asdict(row) for row in oversight.unit_lights(_area(request, unit_id), now())]


@work.get("/supervision/overdue")
def overdue(request: HttpRequest, unit_id: UnitId = None) -> dict[str, int]:
    """Return how many matters are late, by why."""
    return {str(why): count for why, count in oversight.overdue_why(_area(request, unit_id), now()).items()}


@work.get("/supervision/load")
def load(request: HttpRequest, unit_id: UnitId = None) -> list[dict[str, Any]]:
    """Return what lies on each officer's desk in each unit: a count, not a mark."""
    return [asdict(row) for row in oversight.load(_area(request, unit_id), now())]


@work.get("/supervision/trend")
def trend(request: HttpRequest, unit_id: UnitId = None) -> list[dict[str, Any]]:
    """Return received, decided and in time of the last twelve weeks."""
    return [asdict(row) for row in oversight.trend(_area(request, unit_id), now())]


@work.get("/supervision/steps")
def steps(request: HttpRequest, unit_id: UnitId = None) -> list[dict[str, Any]]:
    """Return the lights by unit and step; the matters of a row are listed with its unit_id, flow, state and own."""
    return [asdict(row) for row in queries.lights(_area(request, unit_id).path, now())]


@work.get("/supervision/paused", response={200: list[shapes_work.PausedOut], **REFUSED})
def paused(request: HttpRequest, unit_id: UnitId = None) -> list[shapes_work.PausedOut]:
    """Return why clocks stand still."""
    rows = oversight.paused(_area(request, unit_id))
    return [shapes_work.PausedOut(reason=reason, count=count, since=since) for reason, count, since in rows]


@work.get("/supervision/matters", response={200: list[shapes_work.SupervisedOut], **REFUSED})
def supervised(
    request: HttpRequest, response: HttpResponse, page: Query[shapes_work.SupervisedWanted]
) -> list[shapes_work.SupervisedOut]:
    """Return a page of the very matters behind a figure, most urgent first.

    Where more follow, the header Link says where (rel="next").
    """
    at, area = now(), _area(request, page.unit_id)
    found = oversight.matters(area, at, page.narrowed(), after=page.mark, limit=page.size + 1)
    shown = found[: page.size]
    if len(found) > page.size:
        _goes_on(request, response, mark_of(shown[-1]))
    return [shapes_work.SupervisedOut.of_supervised(m, at) for m in shown]


@work.get("/supervision/city-wide", response={200: shapes_work.CounterFiguresOut, **REFUSED})
def city_wide(request: HttpRequest) -> shapes_work.CounterFiguresOut:
    """Return the minutes per case at the counters of the city, now and as the rule of before would have had it."""
    identity.require(asker(request), SUPERVISE)
    return shapes_work.CounterFiguresOut.of(counter_figures.report(now()))
