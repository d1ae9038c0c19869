"""What officers and supervisors do beside single matters."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from minjing.base import idnumber, names
from minjing.base.clock import now
from minjing.kernel.identity import actions as people
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.rules import LOOK
from minjing.kernel.matters import actions, oversight, queries
from minjing.kernel.matters.errors import NotAllowed
from minjing.portals.api import shapes
from minjing.portals.api.shapes import MatterOut
from minjing.portals.api.views.door import asker

work = Router(tags=["officers"])


@work.get("/queues")
def counts(request: HttpRequest) -> dict[str, int]:
    """Return how many matters lie in each of one's queues."""
    return queries.counts(asker(request), now())


@work.get("/queues/{name}", response=list[MatterOut])
def queue(request: HttpRequest, name: str, limit: int = 50, code: str = "") -> list[MatterOut]:
    """Return one queue, most urgent first."""
    at = now()
    found = queries.queue(asker(request), name, at, limit=max(1, min(limit, 200)), code=code)
    return [MatterOut.of(m, at) for m in found]


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
    return [
        {
            "unit_id": row.unit_id,
            "state": row.state,
            "green": row.green,
            "yellow": row.yellow,
            "red": row.red,
            "paused": row.paused,
            "unclaimed": row.unclaimed,
        }
        for row in queries.supervised_lights(asker(request), now())
    ]


@work.get("/reasons")
def reasons(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the reasons for looking where no open matter stands behind the look, with their law."""
    return [
        {"key": r.key, "title": r.title, "needs_text": r.needs_text, "law": r.basis.text if r.basis else None}
        for r in identity.look_reasons()
    ]


@work.post("/search")
def search(request: HttpRequest, data: shapes.SearchIn) -> list[dict[str, Any]]:
    """Find persons by full name or ID number, masked; each one shown is written into the ledger first."""
    at, by = now(), asker(request)
    # The right and the reason come first, also when nobody would be found: that too is an answer.
    if not any(LOOK in h.acts for h in by.holdings):
        raise NotAllowed("no_look", "您的岗位不能查看个人信息。", "None of your posts reads records.", needs=LOOK)
    matter = queries.matter(data.matter, by, at) if data.matter else None
    if not data.reason and (matter is None or matter.claimed_by != by.account_id):
        raise NotAllowed("no_reason", "请选择查看理由。", "Please give the reason for looking.")
    ids = identity.find_people(data.text, limit=20)
    shown = people.look(
        by, ids, ["name", "id_number"], reason=data.reason, matter_id=matter.id if matter else None, now=at
    )
    return [
        {
            "name": names.mask(shown[person]["name"]),
            "id_number": idnumber.mask(shown[person]["id_number"]),
            "matters": [MatterOut.of(m, at).model_dump(mode="json") for m in oversight.of_person(person, by)],
        }
        for person in ids
        if person in shown
    ]


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


def _area(request: HttpRequest, unit_id: int | None) -> oversight.Area:
    """Return the units that one supervises, or one of them; raise NotAllowed."""
    paths = [h.unit_path for h in asker(request).holdings if "supervise" in h.acts]
    unit = queries.units().get(unit_id) if unit_id is not None else None
    path = unit.path if unit else next(iter(sorted(paths)), "")
    if not any(path.startswith(p) for p in paths):
        raise NotAllowed("no_right", "需要效能督察岗位。", "This needs a post that supervises.", needs="supervise")
    return oversight.area(path)


@work.get("/supervision/units")
def unit_lights(request: HttpRequest, unit_id: int | None = None) -> list[dict[str, Any]]:
    """Return the lights of each unit."""
    return [asdict(row) for row in oversight.unit_lights(_area(request, unit_id), now())]


@work.get("/supervision/overdue")
def overdue(request: HttpRequest, unit_id: int | None = None) -> dict[str, int]:
    """Return how many matters are late, by why."""
    return {str(why): count for why, count in oversight.overdue_why(_area(request, unit_id), now()).items()}


@work.get("/supervision/load")
def load(request: HttpRequest, unit_id: int | None = None) -> list[dict[str, Any]]:
    """Return what lies on each officer's desk: a count, not a mark."""
    return [asdict(row) for row in oversight.load(_area(request, unit_id), now())]


@work.get("/supervision/trend")
def trend(request: HttpRequest, unit_id: int | None = None) -> list[dict[str, Any]]:
    """Return received, decided and in time of the last twelve weeks."""
    return [asdict(row) for row in oversight.trend(_area(request, unit_id), now())]


@work.get("/supervision/matters", response=list[MatterOut])
def supervised(request: HttpRequest, unit_id: int | None = None, light: str = "", state: str = "") -> list[MatterOut]:
    """Return the very matters behind a figure, most urgent first."""
    at = now()
    narrowed = oversight.Narrowed(light=light, state=state)
    return [MatterOut.of(m, at) for m in oversight.matters(_area(request, unit_id), at, narrowed)]
