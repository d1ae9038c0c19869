"""Asking without an account, and reading the answer with number and code."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from minjing.base.clock import now
from minjing.kernel.identity import clients
from minjing.kernel.matters import actions as matters
from minjing.modules.help_desk import actions, queries, rules
from minjing.modules.help_desk.actions import Taken
from minjing.modules.help_desk.queries import Answered
from minjing.modules.help_desk.views.api.door import OPEN, named
from minjing.portals.api.shapes import ErrorOut, Shape, TextOut, Words

router = Router(tags=["help"], auth=OPEN)
REFUSED = {403: ErrorOut, 404: ErrorOut, 422: ErrorOut, 429: ErrorOut}


class QuestionIn(Shape):
    """A question, and the kind of page it is about. The same `request_id` twice asks once."""

    words: Words = Field(max_length=5_000)
    topic: Words = Field(max_length=20)
    phone: Words = Field("", max_length=40)
    route: Words = Field("", max_length=200)
    request_id: UUID


class QuestionTakenOut(Shape):
    """What the one who asked is given: the number, and for who has no name here the code that opens the answer."""

    number: str
    code: str

    @staticmethod
    def of(taken: Taken) -> QuestionTakenOut:
        return QuestionTakenOut(number=taken.number, code=taken.code)


class AnswerCodeIn(Shape):
    """The number of a question and its code."""

    number: Words = Field(max_length=40)
    code: Words = Field(max_length=40)


class AnswerStarsIn(AnswerCodeIn):
    """What the one who asked thought of the answer; once."""

    stars: int = Field(ge=1, le=5)


class AnswerOut(Shape):
    """A question as the one who asked reads it; the answer is empty while it waits."""

    number: str
    state: str
    words: str
    answer: str
    stars: int | None

    @staticmethod
    def of(asked: Answered) -> AnswerOut:
        matter = asked.matter
        return AnswerOut(
            number=matter.number,
            state=matter.state,
            words=asked.words,
            answer=asked.answer,
            stars=queries.stars_given(matter),
        )


@router.get("/topics", response=dict[str, TextOut])
def topics(request: HttpRequest) -> dict[str, TextOut]:
    """Return what a question may be about, by key."""
    return {key: TextOut(zh=text.zh, en=text.en) for key, text in queries.topics().items()}


@router.post("/questions", response={201: QuestionTakenOut, **REFUSED})
def ask(request: HttpRequest, said: QuestionIn) -> Status[QuestionTakenOut]:
    """Put a question to the help desk; with a resident's token the answer is found among their matters, too."""
    taken = actions.ask(
        said.words, said.topic, route=rules.route_of(said.route), phone=said.phone, address=clients.address(request),
        by=named(request), now=now(), request_id=said.request_id,
    )  # fmt: skip
    return Status(201, QuestionTakenOut.of(taken))


@router.post("/answers", response={200: AnswerOut, **REFUSED})
def answer(request: HttpRequest, said: AnswerCodeIn) -> AnswerOut:
    """Return the question with its answer to whoever has the code; tries are counted by network address."""
    return AnswerOut.of(actions.open_answer(said.number, said.code, address=clients.address(request), now=now()))


@router.post("/answers/stars", response={200: AnswerOut, **REFUSED})
def rate(request: HttpRequest, said: AnswerStarsIn) -> AnswerOut:
    """Say what one thought of the answer, once it is there."""
    at = now()
    asked = actions.open_answer(said.number, said.code, address=clients.address(request), now=at)
    matters.rate(asked.matter.id, said.stars, by=asked.by, now=at)
    return AnswerOut.of(asked)
