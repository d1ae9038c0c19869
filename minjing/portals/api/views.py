"""The JSON API: everything the pages do, through the same actions and queries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import File, NinjaAPI, Router, UploadedFile
from ninja.security import APIKeyCookie, HttpBearer

from minjing.base.clock import now
from minjing.kernel.files import actions as files
from minjing.kernel.files.actions import Refused
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import actions, diagram, plugs, queries
from minjing.kernel.matters.errors import MatterError, NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.papers import queries as papers
from minjing.portals.api import shapes
from minjing.portals.api.shapes import MatterOut, ServiceOut, TextOut


class Bearer(HttpBearer):
    """A token of an account: `Authorization: Bearer …`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """Return whom the token stands for."""
        return identity.actor_by_token(token, now())


class SignedIn(APIKeyCookie):
    """A session of the pages: writes need the CSRF token as well."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """Return who is signed in."""
        actor: Actor | None = request.actor  # type: ignore[attr-defined]
        return actor


api = NinjaAPI(
    title="Minjing",
    version="1",
    description="Everything a resident, an officer or a supervisor does on the pages.",
    auth=[Bearer(), SignedIn()],
    urls_namespace="api",
    docs_url="/docs",
    openapi_url="/openapi.json",
)
STATUS = {Unknown: 404, NotAllowed: 403, Stale: 409, Wrong: 422}


def asker(request: HttpRequest) -> Actor:
    """Return who asks."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    return actor


@api.exception_handler(MatterError)
def refused(request: HttpRequest, error: MatterError) -> HttpResponse:
    """Answer a refusal with its sentence, and a stale one with the matter as it is."""
    body: dict[str, Any] = {"key": error.key, "message": error.text.model_dump()}
    if isinstance(error, Wrong):
        body["errors"] = {name: text.model_dump() for name, text in error.errors.items()}
    if isinstance(error, Stale):
        body["matter"] = MatterOut.of(error.snapshot, now()).model_dump(mode="json")
    return api.create_response(request, body, status=STATUS.get(type(error), 400))


@api.exception_handler(plugs.EffectRefused)
def effect_refused(request: HttpRequest, error: plugs.EffectRefused) -> HttpResponse:
    """Answer a decision that the register does not allow."""
    body = {"key": "register", "message": error.text.model_dump()}
    return api.create_response(request, body, status=409)


@api.exception_handler(IdentityError)
def identity_refused(request: HttpRequest, error: IdentityError) -> HttpResponse:
    """Answer a refusal of the identity part."""
    status = 404 if error.key == "unknown" else 403
    return api.create_response(request, {"key": error.key, "message": dict(error.text)}, status=status)


@api.exception_handler(Refused)
def file_refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """Answer a file that cannot be taken."""
    text = TextOut.model_validate(error.text, from_attributes=True)
    return api.create_response(request, {"key": error.key, "message": text.model_dump()}, status=422)


# ---- the catalogue, open to all -------------------------------------------------------------------------

catalogue = Router(tags=["services"], auth=None)


@catalogue.get("", response=list[ServiceOut])
def services(request: HttpRequest, q: str = "") -> list[ServiceOut]:
    """Return the services in force, or those that `q` may mean: Chinese, pinyin, initials, English."""
    return [ServiceOut.of(body) for body in (queries.find(q) if q else queries.current())]


@catalogue.get("/{code}")
def service(request: HttpRequest, code: str) -> dict[str, Any]:
    """Return one service whole: guide, form, materials, basis, limit."""
    return queries.service(code)[1].service.model_dump(mode="json")


@catalogue.get("/{code}/diagram.svg")
def service_diagram(request: HttpRequest, code: str, language: str = "zh") -> HttpResponse:
    """Return the procedure as a picture."""
    return HttpResponse(diagram.svg(queries.service(code)[1], language), content_type="image/svg+xml")


@catalogue.get("/{code}/procedure.bpmn")
def service_bpmn(request: HttpRequest, code: str, language: str = "zh") -> HttpResponse:
    """Return the procedure as BPMN 2.0."""
    return HttpResponse(diagram.bpmn(queries.service(code)[1], language), content_type="application/xml")


# ---- drafts ---------------------------------------------------------------------------------------------

drafts = Router(tags=["drafts"])


def _draft_out(draft: Any) -> shapes.DraftOut:
    return shapes.DraftOut(
        id=draft.id,
        code=queries.body_of(draft).service.code,
        answers=queries.draft_answers(draft),
        pages_done=draft.pages_done,
        saved_at=draft.saved_at,
        expires_at=draft.expires_at,
        matter_id=draft.matter_id,
    )


@drafts.get("", response=list[shapes.DraftOut])
def my_drafts(request: HttpRequest) -> list[shapes.DraftOut]:
    """Return the applications being filled in."""
    return [_draft_out(d) for d in queries.drafts(asker(request), now())]


@drafts.post("/{code}", response=shapes.DraftOut)
def start_draft(request: HttpRequest, code: str) -> shapes.DraftOut:
    """Start or resume an application."""
    return _draft_out(actions.draft(code, by=asker(request), now=now()))


@drafts.put("/{uuid:draft_id}/pages/{page}")
def save_page(request: HttpRequest, draft_id: UUID, page: str, data: shapes.PageIn) -> dict[str, Any]:
    """Keep the answers of one page; what is wrong comes back per field, what is right is kept."""
    errors = actions.save_page(draft_id, page, data.answers, by=asker(request), now=now())
    return {"errors": {name: text.model_dump() for name, text in errors.items()}}


@drafts.post("/{uuid:draft_id}/materials")
def attach(request: HttpRequest, draft_id: UUID, data: shapes.AttachIn) -> dict[str, UUID]:
    """Add an uploaded file as a material."""
    return {"id": actions.attach(draft_id, data.name, data.file_id, by=asker(request), now=now()).id}


@drafts.post("/{uuid:draft_id}/submit", response=MatterOut)
def submit_draft(request: HttpRequest, draft_id: UUID, data: shapes.RequestIn) -> MatterOut:
    """Submit a draft; twice gives the same matter."""
    at = now()
    return MatterOut.of(actions.submit(draft_id, by=asker(request), now=at, request_id=data.request_id), at)


@drafts.delete("/{uuid:draft_id}")
def discard(request: HttpRequest, draft_id: UUID) -> dict[str, bool]:
    """Delete a draft."""
    actions.discard(draft_id, by=asker(request), now=now())
    return {"deleted": True}


# ---- matters --------------------------------------------------------------------------------------------

matters = Router(tags=["matters"])


@matters.post("", response={201: MatterOut, 422: shapes.ErrorOut, 403: shapes.ErrorOut})
def submit(request: HttpRequest, data: shapes.SubmitIn) -> tuple[int, MatterOut]:
    """Submit a whole application at once."""
    at = now()
    matter = actions.submit_whole(
        data.code,
        data.answers,
        by=asker(request),
        now=at,
        request_id=data.request_id,
        materials=data.materials,
    )
    return 201, MatterOut.of(matter, at)


@matters.get("", response=list[MatterOut])
def mine(request: HttpRequest, limit: int = 50) -> list[MatterOut]:
    """Return one's own matters, newest first."""
    at = now()
    return [MatterOut.of(m, at) for m in queries.mine(asker(request), limit=min(limit, 200))]


@matters.post("/bulk/{action}", response=list[shapes.ResultOut])
def bulk(request: HttpRequest, action: str, data: shapes.BulkIn) -> list[shapes.ResultOut]:
    """Take one step in many matters; each has its own outcome."""
    at = now()
    results = actions.act_many(
        [(chosen.id, chosen.ver) for chosen in data.matters],
        action,
        by=asker(request),
        now=at,
        request_id=data.request_id,
        note=data.note,
        reason=data.reason,
    )
    return [
        shapes.ResultOut(
            id=r.matter_id,
            matter=MatterOut.of(r.matter, at) if r.matter else None,
            error=TextOut(**r.error.model_dump()) if r.error else None,
        )
        for r in results
    ]


@matters.get("/{ref}", response={200: MatterOut, 404: shapes.ErrorOut})
def one(request: HttpRequest, ref: str) -> MatterOut:
    """Return one matter by id or number."""
    at = now()
    return MatterOut.of(queries.matter(ref, asker(request), at), at)


@matters.get("/{ref}/line", response=list[shapes.StationOut])
def line(request: HttpRequest, ref: str) -> list[Any]:
    """Return the line of stations."""
    return queries.line(queries.matter(ref, asker(request), now()))


@matters.get("/{ref}/steps", response=list[shapes.StepOut])
def steps(request: HttpRequest, ref: str) -> list[Any]:
    """Return the lawful next steps, with why not for those one may not take."""
    at, by = now(), asker(request)
    return list(queries.steps(queries.matter(ref, by, at), by, at))


@matters.get("/{ref}/answers")
def answers(request: HttpRequest, ref: str, reason: str = "") -> dict[str, Any]:
    """Return the form; an officer's look is written into the ledger first."""
    at, by = now(), asker(request)
    return queries.answers(queries.matter(ref, by, at), by, at, reason)


@matters.get("/{ref}/events")
def events(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return the history."""
    matter = queries.matter(ref, asker(request), now())
    return [
        {
            "seq": e.seq,
            "at": e.at,
            "action": e.action,
            "from": e.from_state,
            "to": e.to_state,
            "post": e.post,
            "entry": e.entry_id,
        }
        for e in queries.events(matter)
    ]


@matters.get("/{ref}/materials")
def materials(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return the papers of a matter: what was uploaded, what was held already."""
    matter = queries.matter(ref, asker(request), now())
    return [
        {"id": m.id, "name": m.name, "file_id": m.file_id, "held": m.held_ref, "added_at": m.added_at}
        for m in queries.materials(matter)
    ]


@matters.get("/{ref}/tasks")
def tasks(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return the child tasks."""
    matter = queries.matter(ref, asker(request), now())
    return [
        {"id": t.id, "kind": t.kind, "post": t.post, "due_at": t.due_at, "done_at": t.done_at, "result": t.result}
        for t in queries.tasks(matter)
    ]


@matters.get("/{ref}/papers")
def papers_of(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return the certificates issued."""
    matter = queries.matter(ref, asker(request), now())
    return [
        {"id": p.id, "number": p.number, "code": p.code, "state": p.state, "issued_at": p.issued_at}
        for p in papers.of_matter(matter.id, now=now())
    ]


@matters.get("/{ref}/papers/{uuid:paper_id}.pdf")
def paper_pdf(request: HttpRequest, ref: str, paper_id: UUID) -> HttpResponse:
    """Return a certificate as the signed PDF; the applicant's own, or an officer's look."""
    at, by = now(), asker(request)
    matter = queries.matter(ref, by, at)
    if paper_id not in {p.id for p in papers.of_matter(matter.id, now=now())}:
        raise Unknown
    queries.record_look(matter, by, "papers.pdf", at)
    return HttpResponse(papers.pdf(paper_id), content_type="application/pdf")


@matters.post(
    "/{ref}/actions/{action}",
    response={200: MatterOut, 403: shapes.ErrorOut, 404: shapes.ErrorOut, 409: shapes.ErrorOut, 422: shapes.ErrorOut},
)
def act(request: HttpRequest, ref: str, action: str, data: shapes.ActIn) -> MatterOut:
    """Take one step."""
    at, by = now(), asker(request)
    done = actions.act(
        queries.matter(ref, by, at).id,
        action,
        ver=data.ver,
        by=by,
        now=at,
        request_id=data.request_id,
        note=data.note,
        reason=data.reason,
        materials=data.materials,
        days=data.days,
        files=data.files,
        corrections=data.corrections,
    )
    return MatterOut.of(done, at)


@matters.post("/{ref}/rating")
def rate(request: HttpRequest, ref: str, data: shapes.RateIn) -> dict[str, bool]:
    """Say what one thought of it."""
    at, by = now(), asker(request)
    actions.rate(queries.matter(ref, by, at).id, data.stars, words=data.words, by=by, now=at)
    return {"rated": True}


# ---- officers -------------------------------------------------------------------------------------------

work = Router(tags=["officers"])


@work.get("/queues")
def counts(request: HttpRequest) -> dict[str, int]:
    """Return how many matters lie in each of one's queues."""
    return queries.counts(asker(request), now())


@work.get("/queues/{name}", response=list[MatterOut])
def queue(request: HttpRequest, name: str, limit: int = 50, code: str = "") -> list[MatterOut]:
    """Return one queue, most urgent first."""
    at = now()
    found = queries.queue(asker(request), name, at, limit=min(limit, 200), code=code)
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


# ---- files, oneself, ledger -----------------------------------------------------------------------------

upload = Router(tags=["files"])
UPLOADED: Any = File(...)  # type: ignore[type-arg]


@upload.post("", response={201: shapes.FileOut})
def store(request: HttpRequest, file: UploadedFile = UPLOADED) -> tuple[int, Any]:
    """Upload an image or a PDF."""
    by = asker(request)
    if by.person_id is None:
        raise NotAllowed("identity_level", "请先完成实名核验。", "Say who you are first.")
    return 201, files.store(file.read(), by=by, owner_person=by.person_id, name=file.name or "", now=now())


me = Router(tags=["me"])


@me.get("")
def myself(request: HttpRequest) -> dict[str, Any]:
    """Return who one is here: kind, level, posts held."""
    by = asker(request)
    held = [{"post": h.post, "unit_id": h.unit_id, "deputy": h.deputy_for is not None} for h in by.holdings]
    return {"id": by.account_id, "kind": by.kind, "level": by.level, "holdings": held}


@me.get("/looks")
def looks(request: HttpRequest) -> list[dict[str, Any]]:
    """Return who looked at one's data, when and why."""
    by = asker(request)
    if by.person_id is None:
        return []
    return [
        {
            "at": look.at,
            "unit": look.by_unit,
            "post": look.by_post,
            "police_number": look.police_number,
            "reason": look.reason,
            "fields": list(look.fields),
            "matter_number": look.matter_number,
        }
        for look in identity.looks_at(by.person_id)
    ]


public = Router(tags=["open"], auth=None)


@public.get("/papers/{code}")
def check_paper(request: HttpRequest, code: str) -> dict[str, Any]:
    """Say whether a certificate is valid, revoked, expired or unknown; nothing about the person."""
    found = papers.check(code, now=now())
    return {"state": found.state, "title": found.title, "issued_at": found.issued_at}


@public.get("/ledger")
def ledger_head(request: HttpRequest) -> dict[str, Any]:
    """Return the signed head of the ledger."""
    head = ledger.head()
    if head is None:
        return {"size": 0, "root": "", "checkpoint": ""}
    return {"size": head.size, "root": head.root.hex(), "checkpoint": head.checkpoint_text}


api.add_router("/services", catalogue)
api.add_router("/drafts", drafts)
api.add_router("/matters", matters)
api.add_router("/work", work)
api.add_router("/files", upload)
api.add_router("/me", me)
api.add_router("/open", public)
