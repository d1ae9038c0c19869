"""The desk: what waits, calls, the knowledge base from inside, and the supervisor's figures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from minjing.base.clock import now
from minjing.kernel.matters.rules import Snapshot
from minjing.modules.help_desk import actions, queries
from minjing.modules.help_desk.models import Article, Question
from minjing.modules.help_desk.rules import Figures
from minjing.modules.help_desk.views.api.articles import NUMBER_MAX, ArticleOut
from minjing.modules.help_desk.views.api.asking import QuestionTakenOut
from minjing.portals.api.shapes import ErrorOut, MatterOut, Shape, Words
from minjing.portals.api.views.door import asker

router = Router(tags=["help"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut}


class WaitingQuestionOut(Shape):
    """A question that waits, and how it came; what was said is read in its matter."""

    matter: MatterOut
    topic: str
    channel: str
    machine: str

    @staticmethod
    def of(matter: Snapshot, came: Question | None, at: datetime) -> WaitingQuestionOut:
        topic, channel, machine = (came.topic, came.channel, came.machine) if came else ("", "", "")
        return WaitingQuestionOut(matter=MatterOut.of(matter, at), topic=topic, channel=channel, machine=machine)


class CallIn(Shape):
    """A call at the desk line; with an answer it is closed at once. The same `request_id` twice is one call."""

    words: Words = Field(max_length=5_000)
    topic: Words = Field(max_length=20)
    phone: Words = Field("", max_length=40)
    answer: Words = Field("", max_length=2_000)
    request_id: UUID


class ClosedQuestionOut(Shape):
    """An answered question of which an article may be made."""

    number: str
    topic: str
    answer: str


class ArticleIn(Shape):
    """A draft in both languages; of a question, or of a new wording of the article `replaces`."""

    title_zh: Words = Field(max_length=20_000)
    title_en: Words = Field(max_length=20_000)
    body_zh: Words = Field(max_length=20_000)
    body_en: Words = Field(max_length=20_000)
    topic: Words = Field(max_length=20)
    aliases: list[Words] = Field([], max_length=20)
    question: Words = Field("", max_length=20)
    replaces: int | None = Field(None, ge=1, le=NUMBER_MAX)


class ArticleDraftOut(Shape):
    """An article as the desk sees it, in any state: `draft`, `published`, `withdrawn`."""

    id: UUID
    article: ArticleOut
    state: str
    aliases: list[str]
    question: str
    written_by: UUID
    written_at: datetime
    checked_by: UUID | None
    checked_at: datetime | None

    @staticmethod
    def of(row: Article) -> ArticleDraftOut:
        names = ("id", "state", "aliases", "question", "written_by", "written_at", "checked_by", "checked_at")
        return ArticleDraftOut(article=ArticleOut.of(row), **{name: getattr(row, name) for name in names})


class DeskFiguresOut(Shape):
    """Some questions counted."""

    asked: int
    answered: int
    quick: int
    median_minutes: float | None

    @staticmethod
    def of(figures: Figures) -> DeskFiguresOut:
        return DeskFiguresOut(**asdict(figures))


class DeskReportOut(Shape):
    """What was asked and answered in the last twelve weeks: counts, nobody's words."""

    all: DeskFiguresOut
    by_topic: dict[str, DeskFiguresOut]
    by_channel: dict[str, DeskFiguresOut]
    by_week: dict[str, DeskFiguresOut]  # by its Monday
    rated: int
    stars: float | None


@router.get("/desk", response={200: list[WaitingQuestionOut], **REFUSED})
def waiting(request: HttpRequest) -> list[WaitingQuestionOut]:
    """Return the questions that wait for an operator or lie with this one, most urgent first."""
    at = now()
    return [WaitingQuestionOut.of(matter, came, at) for matter, came in queries.waiting(asker(request), at)]


@router.post("/calls", response={201: QuestionTakenOut, **REFUSED})
def take_call(request: HttpRequest, said: CallIn) -> Status[QuestionTakenOut]:
    """Write down a call; number and code are read to the caller."""
    taken = actions.take_call(
        said.words, said.topic, phone=said.phone, answer=said.answer, by=asker(request), now=now(),
        request_id=said.request_id,
    )  # fmt: skip
    return Status(201, QuestionTakenOut.of(taken))


@router.get("/closed/{slug:number}", response={200: ClosedQuestionOut, **REFUSED})
def closed(request: HttpRequest, number: str) -> ClosedQuestionOut:
    """Return an answered question with its answer, for an article; the look is on record."""
    matter, answer = queries.closed(asker(request), number, now())
    came = queries.question_of(matter.id)
    return ClosedQuestionOut(number=matter.number, topic=came.topic if came else "", answer=answer)


@router.get("/drafts", response={200: list[ArticleDraftOut], **REFUSED})
def drafts(request: HttpRequest) -> list[ArticleDraftOut]:
    """Return the drafts that wait for a second person, oldest first."""
    return [ArticleDraftOut.of(row) for row in queries.to_check(asker(request))]


@router.post("/drafts", response={201: ArticleDraftOut, **REFUSED})
def write(request: HttpRequest, said: ArticleIn) -> Status[ArticleDraftOut]:
    """Write a draft of an article; another person publishes it."""
    texts = said.model_dump(include=set(actions.LENGTHS))
    made = actions.write_article(
        texts, said.topic, aliases=said.aliases, question=said.question, replaces=said.replaces, by=asker(request),
        now=now(),
    )  # fmt: skip
    return Status(201, ArticleDraftOut.of(made))


@router.get("/drafts/{uuid:article_id}", response={200: ArticleDraftOut, **REFUSED})
def draft(request: HttpRequest, article_id: UUID) -> ArticleDraftOut:
    """Return an article in any state."""
    return ArticleDraftOut.of(queries.any_article(article_id, asker(request)))


@router.post("/drafts/{uuid:article_id}/publish", response={200: ArticleDraftOut, **REFUSED})
def publish(request: HttpRequest, article_id: UUID) -> ArticleDraftOut:
    """Publish a draft that another person wrote; the wording before it is withdrawn."""
    return ArticleDraftOut.of(actions.publish_article(article_id, by=asker(request), now=now()))


@router.post("/drafts/{uuid:article_id}/withdraw", response={200: ArticleDraftOut, **REFUSED})
def withdraw(request: HttpRequest, article_id: UUID) -> ArticleDraftOut:
    """Take an article off the open portal, or throw a draft away."""
    by = asker(request)
    actions.withdraw_article(article_id, by=by, now=now())
    return ArticleDraftOut.of(queries.any_article(article_id, by))


@router.get("/figures", response={200: DeskReportOut, **REFUSED})
def figures(request: HttpRequest) -> DeskReportOut:
    """Return what was asked and how soon it was answered in the last twelve weeks, to supervisors."""
    found = queries.report(asker(request), now())
    return DeskReportOut(
        all=DeskFiguresOut.of(found.all),
        by_topic={topic: DeskFiguresOut.of(counted) for topic, counted in found.by_topic},
        by_channel={channel: DeskFiguresOut.of(counted) for channel, counted in found.by_channel},
        by_week={monday.isoformat(): DeskFiguresOut.of(counted) for monday, counted in found.by_week},
        rated=found.rated,
        stars=found.stars,
    )
