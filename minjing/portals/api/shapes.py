"""The shapes that come in and go out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import queries, rules
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body

# What somebody says: no text of a person has NUL, and PostgreSQL stores none.
Words = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class Shape(BaseModel):
    """What every shape is: plain pydantic; ninja's Schema is for rows of the ORM, and dear where there are none."""

    model_config = ConfigDict(from_attributes=True)


# What is typed: without the sign that no table takes.
Typed = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class TextOut(Shape):
    """Words in both languages."""

    zh: str
    en: str


class ErrorOut(Shape):
    """A refusal: `key` for programs, `message` for people, `errors` per field, `matter` as it is now (409)."""

    key: str
    message: TextOut
    errors: dict[str, TextOut] = {}
    matter: dict[str, Any] | None = None


class ServiceOut(Shape):
    """A service in short."""

    code: str
    title: TextOut
    group: TextOut
    summary: TextOut
    online: bool
    level: str
    limit: dict[str, Any]
    fee_fen: int

    @staticmethod
    def of(body: Body) -> "ServiceOut":
        s = body.service
        return ServiceOut(
            code=s.code,
            title=TextOut(**s.title.model_dump()),
            group=TextOut(**s.group.model_dump()),
            summary=TextOut(**s.guide.summary.model_dump()),
            online=bool(s.form),
            level=s.decides,
            limit=s.limit.model_dump(),
            fee_fen=s.fee_fen,
        )


class MatterOut(Shape):
    """A matter as its applicant and its officers see it, without the form."""

    id: UUID
    number: str
    code: str
    state: str
    post: str
    unit_id: int
    ver: int
    light: str
    submitted_at: datetime
    due_at: datetime
    due_provisional: bool
    paused_since: datetime | None
    pause_reason: str
    claimed_by: UUID | None
    open_tasks: int
    asked: list[str]
    outcome: str
    closed_at: datetime | None
    promise: str = ""  # after an act: the ledger's signed promise that it will be in the log within a minute

    @staticmethod
    def of(matter: Snapshot, now: datetime, promise: str = "") -> "MatterOut":
        return MatterOut(
            promise=promise,
            light=rules.light(matter, now),
            asked=list(matter.asked),
            **{
                name: getattr(matter, name)
                for name in (
                    "id", "number", "code", "state", "post", "unit_id", "ver", "submitted_at", "due_at",
                    "due_provisional", "paused_since", "pause_reason", "claimed_by", "open_tasks", "outcome",
                    "closed_at",
                )
            },
        )  # fmt: skip


class SameOut(Shape):
    """Whether another matter of the service about the same person is open, and those of them that one may see.

    Of another applicant's matter a resident learns that it is there, as on the page, and nothing else.
    """

    open: bool
    matters: list[MatterOut]

    @staticmethod
    def of(found: Sequence[Snapshot], by: Actor, now: datetime) -> "SameOut":
        seen = [MatterOut.of(matter, now) for matter in found if queries.may_see(matter, by)]
        return SameOut(open=bool(found if by.kind == "resident" else seen), matters=seen)


class ReceiptOut(Shape):
    """What proves that an entry was recorded: null while it is not published; the disclosure is for its person."""

    receipt: str | None
    promise: str | None
    disclosure: dict[str, Any] | None

    @staticmethod
    def of(entry_id: UUID, *, disclose: bool) -> "ReceiptOut":
        found = ledger.disclosure(entry_id) if disclose else None
        opened = found.document if found and found.opening else None
        promise = ledger.promise_for(entry_id)
        return ReceiptOut(receipt=ledger.receipt(entry_id), promise=promise, disclosure=opened)


class LanguageIn(Shape):
    """The language one is written to in."""

    language: Literal["zh-hans", "en"]


class ElderModeIn(Shape):
    """Whether one wants large type and few choices."""

    wanted: bool


class SubmitIn(Shape):
    """A whole application. The same `request_id` twice gives the same matter."""

    code: str
    answers: dict[str, Any]
    materials: dict[str, list[UUID]] = {}
    request_id: UUID


class ActIn(Shape):
    """One step: `ver` is the version the asker has seen."""

    ver: int
    request_id: UUID
    note: str = Field("", max_length=2000)
    reason: str = ""
    materials: list[str] = []
    days: int = 0
    files: dict[str, list[UUID]] = {}
    corrections: dict[str, Any] = {}


class TakeBackIn(Shape):
    """Why a paper is taken back: issued_in_error or decision_revoked, and in words for officers."""

    ver: int
    request_id: UUID
    reason: str
    note: str = Field(max_length=2000)


class Chosen(Shape):
    id: UUID
    ver: int


class BulkIn(Shape):
    """The same step in many matters; each is answered for itself."""

    matters: list[Chosen] = Field(max_length=200)
    request_id: UUID
    note: str = Field("", max_length=2000)
    reason: str = ""


class ResultOut(Shape):
    id: UUID
    matter: MatterOut | None
    error: TextOut | None


class DraftOut(Shape):
    id: UUID
    code: str
    answers: dict[str, Any]
    pages_done: list[str]
    saved_at: datetime
    expires_at: datetime
    matter_id: UUID | None


class DraftBeginIn(Shape):
    """For whom an application is: the giver of a mandate or one's ward, or the mandate of a firm; else oneself."""

    for_person: UUID | None = None
    for_firm: UUID | None = None


class PageIn(Shape):
    answers: dict[str, Any]


class AttachIn(Shape):
    name: str
    file_id: UUID


class RequestIn(Shape):
    request_id: UUID


class RateIn(Shape):
    stars: int
    words: str = ""


class TaskIn(Shape):
    result: str
    request_id: UUID


class StepOut(Shape):
    action: str
    title: TextOut
    strong: bool
    needs: list[str]
    max_days: int
    allowed: bool
    why_not: TextOut | None


class StationOut(Shape):
    key: str
    title: TextOut
    plain: TextOut
    status: str
    since: datetime | None
    until: datetime | None
    paused_reason: str


class SearchIn(Shape):
    """A full name or an ID number; a reason from the list, or a matter in hand."""

    text: str = Field(max_length=60)
    reason: str = ""
    matter: str = ""


class DeputyIn(Shape):
    deputy: UUID
    post: str
    unit_id: int
    since: AwareDatetime
    until: AwareDatetime
    scope: list[Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{4}$")]] = Field([], max_length=200)
